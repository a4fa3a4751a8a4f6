/** Time as the machine tells it: monotonic, so that a change of the wall clock means nothing. */
import type { Clock } from '../seams.ts'

export const realClock: Clock = {
  now: () => performance.now(),
  setAlarm: (delayMs, ring) => setTimeout(ring, delayMs),
  clearAlarm: (alarm) => clearTimeout(alarm as NodeJS.Timeout),
  // After the sockets that are readable now have been read, so that a turn takes in all of it.
  soon: (run) => void setImmediate(run),
}
