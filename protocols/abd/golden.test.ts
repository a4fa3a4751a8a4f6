/** ABD in scenarios to be read: see testdata. */
import { goldenScenarios } from '../../test/golden/suite.ts'
import protocol from './index.ts'
import * as messages from './messages.ts'

goldenScenarios(protocol, messages, new URL('./testdata/', import.meta.url))
