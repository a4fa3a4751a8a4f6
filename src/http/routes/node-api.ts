/** What the routes of the node itself, and of its faults, say of themselves. */
import { type Api, type Field, type Fields, json, sentence, text } from './api.ts'

export const METRICS: Api = {
  tag: 'node',
  summary: 'What the node has counted and measured, in the text format of Prometheus',
  answers: { 200: text('all metrics', 'synod_requests_total{outcome="done"} 7\n') },
}

export const STATE: Api = {
  tag: 'node',
  summary: 'What the node knows of itself; protocols add their own members',
  answers: {
    200: json('the state', { id: '1.1', algorithm: 'paxos', ready: true, leader: '1.1', ballot: '2.1.1', keys: 3 }),
  },
}

export const ALIVE: Api = {
  tag: 'node',
  summary: 'Whether the process answers',
  answers: { 200: text('it does', 'alive\n') },
}

export const READY: Api = {
  tag: 'node',
  summary: 'Whether the node serves requests',
  answers: { 200: text('it does', 'leader\n'), 503: sentence('it does not; the sentence says why', 'waiting for 1.2') },
}

const THIS_NODE: Fields = { Id: { description: 'this node', example: '1.1' } }

export const HISTORY: Api = {
  tag: 'node',
  summary: 'Every value that a key has had on this node, oldest first; needs multiversion',
  query: { key: { description: 'a 64-bit integer', example: '42', required: true } },
  answers: {
    200: text('an array of base64 strings, or null', '["cmVk","Ymx1ZQ=="]', THIS_NODE),
    400: sentence('that is no key', 'invalide key', THIS_NODE),
    413: sentence(
      'the body is too long, or the answer would be over 256 MiB',
      'the history has 268435460 bytes here; at most 268435456 are told',
      THIS_NODE,
    ),
    503: sentence(
      'no room for an answer of that length now, or for the body, or closing',
      'this node is shutting down',
    ),
  },
}

const TIME: Field = { description: 'seconds; 0 or less is for ever', example: '10', required: true }
const PEER: Field = { description: 'the node at the other end', example: '1.2', required: true }

const INJECTED = {
  200: { description: 'the fault is on' },
  400: sentence('a parameter is wrong; nothing has changed', 'invalide time'),
  404: sentence('the configuration does not allow faults', 'fault injection is off'),
}

export const CRASH: Api = {
  tag: 'faults',
  summary: 'The node neither sends nor receives; its memory and its HTTP stay',
  query: { t: TIME },
  answers: INJECTED,
}

export const DROP: Api = {
  tag: 'faults',
  summary: 'What the node sends to another is lost',
  query: { id: PEER, t: TIME },
  answers: INJECTED,
}

export const SLOW: Api = {
  tag: 'faults',
  summary: 'What the node sends to another leaves later, in order',
  query: { id: PEER, ms: { description: 'milliseconds', example: '50', required: true }, t: TIME },
  answers: INJECTED,
}

export const FLAKY: Api = {
  tag: 'faults',
  summary: 'Each message that the node sends to another is lost by chance',
  query: { id: PEER, p: { description: 'the chance, 0 to 1', example: '0.5', required: true }, t: TIME },
  answers: INJECTED,
}

export const PARTITION: Api = {
  tag: 'faults',
  summary: 'Nothing passes between this node and those on the other side, both ways',
  query: { t: TIME, ids: { description: 'either side', example: '1.1,1.2', required: true } },
  answers: INJECTED,
}

export const HEAL: Api = {
  tag: 'faults',
  summary: 'Ends all faults of the node, those of one kind, or one',
  query: {
    fault: { description: 'crash, drop, slow, flaky or partition', example: 'drop' },
    id: { description: 'the target of a drop, slow or flaky', example: '1.2' },
    ids: { description: 'either side of a partition', example: '1.1,1.2' },
  },
  answers: {
    ...INJECTED,
    200: text('a line for each fault that has ended', 'drop 1.2, 4.2 s left\n'),
    404: sentence(
      'the fault that `id` or `ids` names is not on, or the configuration allows none',
      'no such fault is on',
    ),
  },
}
