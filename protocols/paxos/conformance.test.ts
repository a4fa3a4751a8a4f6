/** Multi-Paxos keeps what it promises: see test/conformance. */
import { conformance } from '../../test/conformance/suite.ts'
import protocol from './index.ts'

conformance(protocol)
