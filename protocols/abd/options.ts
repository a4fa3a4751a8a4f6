/** The options of ABD, as `protocols.abd` in the configuration. */
import { integerOptions, type Timeouts } from '#core'

export type Options = ReturnType<typeof options>

/** What each is for. */
export const meanings: Readonly<Record<keyof Options, string>> = {
  retry_ms: 'a message unanswered for so long is sent again',
  retries: 'the most operations of a node that repeat their messages at once',
}

/**
 * The options given, checked and completed. A message unanswered for `retry_ms` is sent again; at most `retries`
 * operations at a time do so, lest a cluster that is only slow drowns in repetitions.
 * @throws SynodError `config`
 */
export function options(given: Readonly<Record<string, unknown>>, timeouts: Timeouts) {
  const spec = {
    retry_ms: { least: 1, most: 60_000, default: timeouts.heartbeat_ms },
    retries: { least: 1, most: 65_536, default: 1024 },
  } as const
  return integerOptions('protocols.abd', spec, given)
}
