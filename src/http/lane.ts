/**
 * Which requests of one connection may be in the node side by side. HTTP lets pipelined requests be done so only where it
 * makes no difference, as among reads (RFC 9112, §9.3.2): a read behind a write must find it, and not a write behind itself.
 *
 * What goes through one log is done in the order in which the node was asked, whatever it is. Reads beside the log overtake
 * what is on its way into it. And where there is no such log, as with ABD, nothing is done in any order: there a read may
 * overtake a write, and one write another. So requests go by lanes. While some of one lane are in the node, those of
 * another wait until these are answered, and all behind them wait, too; within a lane nothing waits, but for `alone`.
 */
import { type Command, Op } from '../command.ts'
import type { ReadMode } from '../request.ts'

/** `log`: in order by themselves. `reads`: in no order; a client that minds waits for its answers. `alone`: nothing may be beside it. */
export type Lane = 'log' | 'reads' | 'alone'

/**
 * The lane of a request.
 * @param inOrder whether what this node is asked goes through one log, but for reads beside that
 */
export function laneOf({ op }: Command, read: ReadMode, inOrder: boolean): Lane {
  if (inOrder) return read === '' ? 'log' : 'reads'
  return op === Op.get ? 'reads' : 'alone'
}
