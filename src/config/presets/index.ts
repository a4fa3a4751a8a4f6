/** The presets by name. */
import { aws20200605 } from './aws-2020-06-05.ts'
import type { Preset } from './preset.ts'

export const PRESETS: ReadonlyMap<string, Preset> = new Map([['wan/aws-2020-06-05', aws20200605]])
