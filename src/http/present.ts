/** How the results of `/kv/` and `/session` are told. The integer routes tell theirs as Paxi does: 200 and the value. */
import type { SessionId } from '../command.ts'
import type { Result } from '../request.ts'
import { sessionText } from './write-headers.ts'

/** What an answer says: its status, and its body, null for the result's value. */
export interface Told {
  readonly status: number
  readonly body: string | null
}

/** Tells a result; adds headers to those that every answer has. */
export type Present = (result: Result, headers: string[]) => Told

const TEXT = ['Content-Type', 'text/plain; charset=utf-8']
const VALUE: Told = { status: 200, body: null }

/** The presenters of keys; versions are shown where they can be compared. */
export interface KeyPresenters {
  readonly read: Present
  readonly write: Present
}

/** @param versions whether to show the count of writes as `ETag` */
export function keyPresenters(versions: boolean): KeyPresenters {
  const tag = (version: number, headers: string[]) => {
    if (versions) headers.push('ETag', `"${version}"`)
  }
  return {
    read: ({ value, version }, headers) => {
      if (value === null) return sentence(404, 'absent', headers)
      tag(version, headers)
      return VALUE
    },
    write: ({ value, version, effect }, headers) => {
      if (effect === 'absent') return sentence(404, 'absent', headers)
      if (effect === 'mismatch') {
        if (value === null) return sentence(412, 'the key is absent', headers)
        tag(version, headers)
        return sentence(412, `the key is at version ${version}`, headers)
      }
      tag(version, headers)
      return VALUE
    },
  }
}

/** Tells which session was opened. */
export function openedPresenter(nonce: number): Present {
  return ({ version: number }, headers) => {
    const id: SessionId = { number, nonce }
    headers.push('Content-Type', 'application/json; charset=utf-8')
    return { status: 201, body: JSON.stringify({ session: sessionText(id) }) }
  }
}

function sentence(status: number, text: string, headers: string[]): Told {
  headers.push(...TEXT, 'X-Content-Type-Options', 'nosniff')
  return { status, body: `${text}\n` }
}
