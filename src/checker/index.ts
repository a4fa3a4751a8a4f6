/**
 * Linearizability: judges the history of a key-value store, or of anything that a model describes.
 *
 *     const verdict = checkHistory(operations, register(), { milliseconds: 10_000, now: performance.now })
 *     if (verdict.verdict === 'not linearizable') console.log(explain(verdict, 'time').join('\n'))
 *
 * Wing and Gong, Testing and verifying concurrent objects (JPDC 1993); Lowe, Testing for linearizability (CCPE 2017);
 * Horn and Kroening, Faster linearizability checking via P-compositionality (FORTE 2015); for registers whose values
 * are unique, Gibbons and Korach, Testing shared memories (SIAM J. Computing 1997).
 */
export { anomalies } from './anomalies.ts'
export type { Limit, Limits } from './budget.ts'
export { casRegister } from './cas-register.ts'
export { checkHistory } from './check.ts'
export { FORMATS, type Format, type FormatName } from './formats/index.ts'
export { formatSynod } from './formats/synod.ts'
export { kv } from './kv.ts'
export type { Initial, Model } from './model.ts'
export type { History, Operation, Outcome, Value } from './operation.ts'
export { show } from './operation.ts'
export { register } from './register.ts'
export { explain, type Linearizable, type NotLinearizable, type Unknown, type Verdict } from './verdict.ts'
