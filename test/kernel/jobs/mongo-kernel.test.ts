import type { ExecutionContext } from 'ava'
import { z } from 'zod'
import { definePlugin } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { onMongo } from './each-store.ts'
import { impatient } from './impatient.ts'
import { tcpProxy } from './tcp-proxy.ts'

const reports = definePlugin({
  name: 'reports',
  version: '1.0.0',
  title: 'Reports',
  segments: ['reports'],
  permissions: { 'reports:create': 'Make reports' },
  setup(kit) {
    kit.job('make', { scope: 'tenant', data: z.strictObject({}), run: async () => ({ pages: 3 }) })
    kit.route('POST /reports', {
      summary: 'Makes a report',
      permission: 'reports:create',
      status: 202,
      returns: z.object({ job_id: z.string() }),
      handle: async (_, { call }) => ({ job_id: await call.enqueue('make', {}) }),
    })
  },
})

onMongo(
  'the server takes work without it, says so, and does the work when it is there',
  async (t: ExecutionContext, url) => {
    const proxy = await tcpProxy(t, url)
    await proxy.cut()
    await using server = await startTestKernel({ plugins: [reports], env: { MONGODB_URL: impatient(proxy.url) } })
    const user = await server.as('a')
    const { status, body } = await user.post('/reports')
    t.is(status, 202)
    t.like(await user.get(`/jobs/${body.job_id}`), { status: 200, body: { status: 'queued', attempts: 0 } })
    t.like(await user.get('/health/ready'), {
      status: 200,
      body: { status: 'degraded', problems: { jobs: 'degraded' } },
    })
    t.regex(JSON.stringify((await server.internal.get('/health/plugins/jobs')).body), /MongoDB cannot be used/)
    await proxy.mend()
    t.like(await server.finished(String(body.job_id)), { status: 'succeeded', result: { pages: 3 }, attempts: 1 })
    t.like(await user.get('/health/ready'), { status: 200, body: { status: 'ok' } })
  },
)
