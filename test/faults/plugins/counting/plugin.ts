import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { definePlugin } from '../../../../kernel/contract.ts'

interface Counted {
  readonly mark: string
  readonly pid: number
  readonly ended: boolean | 0 | 1
}

/** A job that notes each of its runs, for tests of what runs how often. */
export default definePlugin({
  name: 'counting',
  version: '1.0.0',
  title: 'Counting',
  segments: ['internal/counting'],
  migrations: path.join(import.meta.dirname, 'migrations'),
  setup(kit) {
    kit.job('count', {
      scope: 'platform',
      data: z.strictObject({ mark: z.string(), ms: z.int() }),
      async run({ mark, ms }, { call }) {
        await call.db.table('counted_runs').insert({ mark, pid: process.pid })
        await sleep(ms, undefined, { signal: call.signal })
        await call.db.table('counted_runs').where({ mark, pid: process.pid }).update({ ended: true })
        return { pid: process.pid }
      },
    })
    kit.platformRoute('POST /internal/counting', {
      summary: 'Queue runs',
      access: 'internal-token',
      body: z.strictObject({ marks: z.array(z.string()), ms: z.int() }),
      returns: z.array(z.string()),
      async handle({ body }, { call }) {
        const ids: string[] = []
        for (const mark of body.marks) ids.push(await call.enqueue('count', { mark, ms: body.ms }))
        return ids
      },
    })
    kit.platformRoute('GET /internal/counting', {
      summary: 'Runs that began',
      access: 'internal-token',
      returns: z.array(z.object({ mark: z.string(), pid: z.int(), ended: z.boolean() })),
      async handle(_input, { call }) {
        const rows: Counted[] = await call.db.table('counted_runs').select('mark', 'pid', 'ended').orderBy('id')
        return rows.map(({ mark, pid, ended }) => ({ mark, pid, ended: Boolean(ended) }))
      },
    })
  },
})
