/** What the routes of keys and sessions say of themselves. They share most of it. */
import { type Api, type Content, type Fields, json, sentence, text } from './api.ts'

const IDENTITY: Fields = {
  Id: { description: "the client's name, at most 256 bytes; echoed", example: '1.1' },
  Cid: { description: "the client's number of the request, up to 2^53; echoed", example: '7' },
}

const WRITE: Fields = {
  ...IDENTITY,
  'If-Match': { description: 'write only if the key is at this version', example: '"3"' },
  'If-None-Match': { description: 'write only if the key is absent', example: '*' },
  Session: { description: 'a session, from POST /session', example: '1-5f1e07aa' },
  Seq: { description: 'the number of the write in its session, from 1', example: '1' },
  Acked: { description: 'the client has the answers of all numbers up to this one', example: '0' },
}

const READ: Fields = {
  ...IDENTITY,
  Read: {
    description:
      'the path of the read: log, leader, quorum, or any, which may be stale; left out, the flag -read decides',
    example: 'quorum',
  },
}

const ANSWERED: Fields = {
  ...IDENTITY,
  Slot: { description: 'where the command was decided, by protocols with slots', example: '41' },
  Ballot: { description: 'the ballot it was decided in', example: '2.1.1' },
  Execute: { description: 'the slot in which it was executed', example: '41' },
}

const TAGGED: Fields = {
  ...ANSWERED,
  ETag: { description: "the key's version: how often it has been written", example: '"4"' },
}

const IN_PROGRESS: Fields = {
  Inprogress: {
    description: 'of reads beside the log: true if a newer value may be there already (any), else false',
    example: 'false',
  },
}

/** Of an answer to a write of an integer key, which is Paxi's unless more is asked. */
const CONDITIONAL: Fields = {
  ...ANSWERED,
  ETag: {
    description: "with a condition or a session: the key's version, which is how often it has been written",
    example: '"4"',
  },
}

const INTEGER: Fields = { key: { description: 'a 64-bit integer', example: '42', required: true } }
const TEXT: Fields = {
  key: { description: 'any text in UTF-8, percent-encoded; a slash is %2F', example: 'colour', required: true },
}

const BODY: Content = { description: 'the value, raw', type: 'application/octet-stream', example: 'red' }

/** What is refused before the node is asked goes without the headers: nothing requires them. */
const UNSERVED = {
  500: sentence('a defect: nobody knows whether it was applied', 'an error inside the node', IDENTITY),
  503: sentence(
    'certainly not applied: no leader, no quorum, too many requests, or closing',
    'no leader or no quorum within 2000 ms',
    IDENTITY,
  ),
  504: sentence(
    'nobody knows: it may have been applied, now or later',
    'no answer within 2000 ms; the request may have been applied',
    IDENTITY,
  ),
}

const UNREAD = {
  ...UNSERVED,
  501: sentence('the protocol has no such reads', 'this protocol has no reads of any', IDENTITY),
}

const UNWRITTEN = {
  ...UNSERVED,
  503: sentence(
    'certainly not applied: no leader, no quorum, too many requests or kept answers of the session, or closing',
    'no leader or no quorum within 2000 ms',
    IDENTITY,
  ),
  409: sentence(
    'the session has used this Seq for another write, or it is outside the window; nothing was applied',
    'the session has used this sequence for another command',
    IDENTITY,
  ),
  410: sentence('the session is not known; this attempt did nothing', 'the session is not known', IDENTITY),
  412: text('the key was not as the condition expected it', 'the key is at version 4\n', TAGGED),
  501: sentence('the protocol has no sessions, or no compare-and-set', 'this protocol has no sessions', IDENTITY),
}

const ABSENT = { 404: sentence('the key is absent', 'absent', { ...ANSWERED, ...IN_PROGRESS }) }

const PREVIOUS = 'the previous value; empty where there was none, or where the protocol does not order writes'

export const READ_INTEGER: Api = {
  tag: 'keys',
  summary: 'Reads a key',
  params: INTEGER,
  headers: READ,
  answers: {
    200: text('the value; empty also where the key is absent', 'red', { ...ANSWERED, ...IN_PROGRESS }),
    ...UNREAD,
  },
}

export const WRITE_INTEGER: Api = {
  tag: 'keys',
  summary: 'Writes a key',
  params: INTEGER,
  headers: WRITE,
  body: BODY,
  answers: { 200: text(PREVIOUS, 'red', CONDITIONAL), ...UNWRITTEN },
}

export const JSON_COMMAND: Api = {
  tag: 'keys',
  summary: "Reads or writes a key, as Paxi's clients in other languages do",
  headers: { ...WRITE, ...READ },
  body: json('Value in base64; without it a read. ClientID and CommandID may be left out', {
    Key: 42,
    Value: 'cmVk',
    ClientID: '1.1',
    CommandID: 7,
  }),
  answers: {
    200: text('of a read the value, of a write the previous one', 'red', { ...CONDITIONAL, ...IN_PROGRESS }),
    ...UNWRITTEN,
  },
}

export const READ_TEXT: Api = {
  tag: 'keys',
  summary: 'Reads a key',
  path: '/kv/:key',
  params: TEXT,
  headers: READ,
  answers: { 200: text('the value', 'red', { ...TAGGED, ...IN_PROGRESS }), ...ABSENT, ...UNREAD },
}

export const WRITE_TEXT: Api = {
  tag: 'keys',
  summary: 'Writes a key',
  path: '/kv/:key',
  params: TEXT,
  headers: WRITE,
  body: BODY,
  answers: { 200: text(PREVIOUS, 'red', TAGGED), ...UNWRITTEN },
}

export const DELETE_TEXT: Api = {
  tag: 'keys',
  summary: 'Deletes a key; that counts as a write',
  path: '/kv/:key',
  params: TEXT,
  headers: WRITE,
  answers: {
    200: text(PREVIOUS, 'red', TAGGED),
    404: sentence(
      'the key is absent already; a protocol that does not order writes cannot tell: 200',
      'absent',
      ANSWERED,
    ),
    ...UNWRITTEN,
  },
}

export const OPEN_SESSION: Api = {
  tag: 'sessions',
  summary: 'Opens a session, in which each write is executed once however often it is tried',
  headers: IDENTITY,
  answers: {
    201: json('the session', { session: '1-5f1e07aa' }, ANSWERED),
    ...UNSERVED,
    501: sentence('the protocol has no sessions', 'this protocol has no sessions', IDENTITY),
  },
}
