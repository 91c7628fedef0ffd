import { z } from 'zod'
import { definePlugin } from '../../../../kernel/contract.ts'

/** Says numbers to whoever listens, at whichever instance. */
export default definePlugin({
  name: 'megaphone',
  version: '1.0.0',
  title: 'Megaphone',
  segments: ['megaphone'],
  setup(kit) {
    kit.channel('megaphone', {
      summary: 'What is said',
      permission: 'signed-in',
      send: { said: z.object({ n: z.number() }) },
    })
    kit.route('POST /megaphone', {
      summary: 'Says a number',
      permission: 'signed-in',
      body: z.strictObject({ n: z.number() }),
      handle: ({ body }, { call }) => call.publish('megaphone', 'said', body),
    })
  },
})
