/** What `echo` promises, by the suite that all protocols of Synod pass. */
import { conformance } from 'synod/conformance'
import protocol from './echo.ts'

conformance(protocol, {
  layouts: ['1x3'],
  skip: [
    {
      reason:
        'a home that has lost its memory, by a restart without a disk or with a wiped or damaged one, has lost the state',
      tests: [
        'faults: kill, 1x3, memory',
        'faults: restart loop, 1x3, memory',
        'faults: short lives, 1x3, memory',
        'faults: end in good order, 1x3, memory',
        'faults: slow or dead peer, 1x3, memory',
        'faults: disk lost',
        'faults: disk damaged',
        'faults: all together',
        'kill: one, 1x3, memory',
        'kill: restart loop, 1x3, memory',
      ],
    },
  ],
})
