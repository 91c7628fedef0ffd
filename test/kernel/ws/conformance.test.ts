import test from 'ava'
import { channelChecks } from '../../../kernel/testing/conformance/channel-checks.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { talkPlugin } from './talk-plugin.ts'

const started = startTestKernel({ plugins: [talkPlugin()] })
const kernel = () => started
test.after.always(async () => (await started)[Symbol.asyncDispose]())

for (const name of ['talk', 'jobs']) {
  channelChecks({ test, name, calm: kernel, filled: kernel, switched: kernel, readme: undefined })
}
