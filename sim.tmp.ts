import { run } from '/work/main/src/sim/index.ts'
import paxos from '/work/main/protocols/paxos/index.ts'
const [from, count, trace] = process.argv.slice(2)
let bad = 0, inv = 0; const t = Date.now(); let ops=0, lc=0
for (let seed = +from!; seed < +from! + +count!; seed++) {
  const mk = (id: any, now: any) => { const f = (e: string, x: any) => console.log(now().toFixed(1), id.name, e, JSON.stringify(x ?? {})); return { debug: f, info: f, warn: f, error: f } }
  const r = run({ protocol: paxos as any, seed, ...(trace ? { logOf: mk as any } : {}) })
  ops += r.totals.ok; lc += r.leaderChanges
  if (r.violation) { bad++; if (bad < 6) console.log(seed, r.layout, r.durable, r.violation.invariant, r.violation.message.slice(0, 600), JSON.stringify(r.faults)) }
  else if (r.invalid) {inv++; if (inv<6) console.log(seed, r.layout, r.durable, r.invalid, JSON.stringify(r.totals), JSON.stringify(r.faults))}
}
console.log({ bad, inv, ms: Date.now() - t, ops, lc })
