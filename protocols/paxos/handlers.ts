/** Which part of a replica takes which message, and which record brings back what. */
import type { Handlers, NodeId, Recoverers } from '#core'
import type * as messages from './messages.ts'
import type { Paxos } from './paxos.ts'
import type * as records from './records.ts'

export function handlersOf(paxos: Paxos): Handlers<typeof messages, NodeId> & Recoverers<typeof records> {
  return {
    onCanvass: (m, from) => paxos.onCanvass(m, from),
    onCanvassed: (m, from) => paxos.onCanvassed(m, from),
    onPrepare: (m, from) => paxos.onPrepare(m, from),
    onPrepared: (m, from) => paxos.election.onPrepared(m, from),
    onRefused: (m) => paxos.onRefused(m),

    onAccept: (m, from) => paxos.onAccept(m, from),
    onAccepted: (m, from) => paxos.onAccepted(m, from),
    onCommit: (m, from) => paxos.onCommit(m, from),

    onHeartbeat: (m, from) => paxos.onHeartbeat(m, from),
    onHeard: (m, from) => paxos.onHeard(m, from),
    onTakeOver: (m, from) => paxos.handover.onTakeOver(m, from),

    onLearn: (m, from) => paxos.catchUp.onLearn(m, from),
    onLearned: (m, from) => paxos.catchUp.onLearned(m, from),
    onDownload: (m, from) => paxos.catchUp.onDownload(m, from),
    onDownloaded: (m, from) => paxos.catchUp.onDownloaded(m, from),

    onConfirm: (m, from) => paxos.onConfirm(m, from),
    onConfirmed: (m, from) => paxos.reads.onConfirmed(m, from),
    onSurvey: (m, from) => paxos.reads.onSurvey(m, from),
    onSurveyed: (m, from) => paxos.reads.onSurveyed(m, from),
    onFill: (m) => paxos.reads.onFill(m),

    recoverPromised: (record) => paxos.recovery.recoverPromised(record),
    recoverVoted: (record) => paxos.recovery.recoverVoted(record),
    recoverExecuted: (record) => paxos.recovery.recoverExecuted(record),
    recoverPiece: (record) => paxos.recovery.recoverPiece(record),
  }
}
