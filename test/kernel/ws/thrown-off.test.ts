import test from 'ava'
import { type AnyPlugin, definePlugin, guestRef } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { SocketRefused, TestSocket } from '../../../kernel/testing/test-socket.ts'
import { type Hold, hold } from '../plugins/small-plugin.ts'

const guests = guestRef('slow.guest', 'X-Slow-Key')

const slowPlugin = (check: Hold): AnyPlugin =>
  definePlugin({
    name: 'slow',
    version: '1.0.0',
    title: 'Slow',
    segments: ['slow'],
    setup(kit) {
      kit.guests(guests, async credential => {
        const [id = '', tenantId = ''] = credential.split('@')
        await check.wait()
        return { tenantId, actor: { kind: 'device', id } }
      })
      kit.channel('slow', { summary: 'For guests', permission: 'signed-in', guests, send: {} })
      kit.route('DELETE /slow', {
        summary: 'Throws a guest off',
        permission: 'signed-in',
        handle: (_input, { call }) => call.disconnect('slow', ['revoked']),
      })
    },
  }) as unknown as AnyPlugin

test('a guest whose access ends while it is being let in does not come in', async t => {
  const check = hold()
  await using t0 = await startTestKernel({ plugins: [slowPlugin(check)] })
  const url = `${await t0.socketUrl()}/api/ws/slow`
  const open = (id: string) => TestSocket.open(url, { headers: { 'x-slow-key': `${id}@${t0.tenantId('a')}` } })
  const [revoked, other] = [open('revoked'), open('other')]
  await check.entered
  await (await t0.as('a')).delete('/slow')
  await new Promise(setImmediate)
  check.release()
  const refused = await t.throwsAsync(revoked, { instanceOf: SocketRefused })
  t.like(refused, { status: 401, body: { error: 'unauthenticated' } })
  await using stays = await other
  await stays.heard()
})
