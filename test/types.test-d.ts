/**
 * What must not compile, checked by `tsc --noEmit`: each `@ts-expect-error` is an error of its own if the line below
 * it compiles after all. Nothing here runs.
 */
import type { KeyValueClient } from '../src/client/index.ts'
import {
  bool,
  bytes,
  float64,
  type Handlers,
  list,
  message,
  type Node,
  type NodeId,
  nested,
  type Recoverers,
  type Request,
  record,
  string,
  struct,
  uint32,
  uint53,
} from '../src/index.ts'

class Vote extends struct({ slot: uint53, value: bytes }) {}
class Prepare extends message({ ballot: uint53, from: uint53 }) {}
class Prepared extends message({ ballot: uint53, votes: list(Vote), best: nested(Vote) }) {}
class Beat extends message({}, { first: true }) {}
class Promised extends record({ ballot: uint53 }) {}
class Everything extends message({
  small: uint32,
  real: float64,
  on: bool,
  text: string,
  data: bytes,
  texts: list(string),
}) {}
const messages = { Prepare, Prepared, Beat, Vote, Promised, LIMIT: 5 }
const records = { Promised }

declare const node: Node
declare const peer: NodeId
declare const request: Request
declare const vote: Vote

const all = { onPrepare(_: Prepare) {}, onPrepared(_: Prepared, _from: NodeId) {}, onBeat() {}, recoverPromised() {} }

// Registration takes one handler per message and one recoverer per record, and nothing for the rest of the module.
node.register(messages, all)
node.register(messages, all, records)
// @ts-expect-error no onBeat
node.register(messages, { onPrepare() {}, onPrepared() {} })
// @ts-expect-error no recoverPromised
node.register(messages, { onPrepare() {}, onPrepared() {}, onBeat() {} }, records)
// @ts-expect-error onPrepare takes another message's fields
node.register(messages, { ...all, onPrepare(_: { ballot: number; votes: readonly Vote[] }) {} })
// @ts-expect-error onPrepare takes a field of another type
node.register(messages, { ...all, onPrepare(_: { ballot: string }) {} })
// @ts-expect-error onPrepared takes another sender
node.register(messages, { ...all, onPrepared(_: Prepared, _from: string) {} })
// @ts-expect-error onBeat asks for more than there is
node.register(messages, { ...all, onBeat(_m: Beat, _from: NodeId, _more: number) {} })
// @ts-expect-error onBeat is no function
node.register(messages, { ...all, onBeat: 5 })
// @ts-expect-error recoverPromised takes another record
node.register(messages, { ...all, recoverPromised(_: { slot: number }) {} }, records)

// A class with mistyped methods does not compile either.
class Replica implements Handlers<typeof messages, NodeId>, Recoverers<typeof records> {
  onPrepare(_: Prepare): void {}
  onPrepared(_: Prepared): void {}
  onBeat(): void {}
  recoverPromised(_: Promised): void {}
}
node.register(messages, new Replica(), records)
class Forgetful {
  onPrepare(_: Prepare): void {}
  onBeat(): void {}
}
// @ts-expect-error no onPrepared
node.register(messages, new Forgetful())
class Mistaken extends Replica {
  override onPrepared(_: Prepared & { more: number }): void {}
}
// @ts-expect-error onPrepared wants a field that is not sent
node.register(messages, new Mistaken())

// What is sent has exactly the declared fields.
node.send(peer, Prepare, { ballot: 1, from: 2 })
node.send(peer, Prepare, { ballot: 1, from: 2 }, 'urgent')
node.send(peer, Prepared, { ballot: 1, votes: [vote, { slot: 1, value: new Uint8Array(0) }], best: vote })
node.broadcast(Beat, {})
node.broadcast(Everything, { small: 1, real: 0.5, on: true, text: '', data: new Uint8Array(0), texts: ['a'] })
// @ts-expect-error no from
node.send(peer, Prepare, { ballot: 1 })
// @ts-expect-error a field too many
node.send(peer, Prepare, { ballot: 1, from: 2, slot: 3 })
// @ts-expect-error a text for a number
node.send(peer, Prepare, { ballot: '1', from: 2 })
// @ts-expect-error a bigint for a number
node.send(peer, Prepare, { ballot: 1n, from: 2 })
// @ts-expect-error undefined for a number
node.send(peer, Prepare, { ballot: undefined, from: 2 })
// @ts-expect-error an element without its value
node.broadcast(Prepared, { ballot: 1, votes: [{ slot: 1 }], best: vote })
// @ts-expect-error no list
node.broadcast(Prepared, { ballot: 1, votes: vote, best: vote })
// @ts-expect-error a list for a struct
node.multicast(node.peers, Prepared, { ballot: 1, votes: [], best: [vote] })
// @ts-expect-error a name for a member
node.send('1.1', Prepare, { ballot: 1, from: 2 })
// @ts-expect-error an urgency that there is not
node.send(peer, Prepare, { ballot: 1, from: 2 }, 'soon')
// @ts-expect-error a record is not sent
node.send(peer, Promised, { ballot: 1 })
// @ts-expect-error a struct is not sent
node.send(peer, Vote, { slot: 1, value: new Uint8Array(0) })

// What is persisted is a record with its fields.
node.persist(Promised, { ballot: 1 })
// @ts-expect-error no ballot
node.persist(Promised, {})
// @ts-expect-error a message is not persisted
node.persist(Prepare, { ballot: 1, from: 2 })

// Fields are what was declared, and cannot be written.
const prepare = new Prepare({ ballot: 1, from: 2 })
const sum: number = prepare.ballot + prepare.from
// @ts-expect-error messages are immutable
prepare.ballot = sum
// @ts-expect-error their lists too
new Prepared({ ballot: 1, votes: [], best: vote }).votes.push(vote)
// @ts-expect-error no such field
prepare.slot
// @ts-expect-error no from
new Prepare({ ballot: 1 })
// @ts-expect-error a list of structs, not of messages
list(Prepare)
// @ts-expect-error nested takes a struct
nested(Prepare)

// Answers.
node.reply(request, { value: null, version: 0, effect: 'done' }, null)
node.reply(request, { value: null, version: 0, effect: 'done' }, { slot: 1, ballot: 2 }, 'urgent')
node.refuse(request, 'unavailable', 'no leader')
// @ts-expect-error not every error is a refusal
node.refuse(request, 'malformed', 'no leader')
// @ts-expect-error undefined is no value
node.reply(request, { value: undefined, version: 0, effect: 'done' }, null)

// What a client told besides is there to be read.
const colour: string | undefined = request.properties.get('x-colour')
// @ts-expect-error properties are not written
request.properties.set('x-colour', colour ?? '')
// @ts-expect-error nor are they others
request.properties = new Map()

// A read takes one of the paths that there are.
declare const client: KeyValueClient
void client.get('k', { read: 'any', timeoutMs: 5 })
// @ts-expect-error a path that there is not
void client.get('k', { read: 'follower' })
// @ts-expect-error a write takes no path of reads
void client.put('k', 'v', { read: 'any' })
