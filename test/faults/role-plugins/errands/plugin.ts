import { z } from 'zod'
import { text } from '../../../../config/setting.ts'
import { definePlugin, eventRef, guestRef, newId, type TenantDb } from '../../../../kernel/contract.ts'

/** Whoever sends errands: `errand@<tenant id>`. */
export const messenger = guestRef('errands.messenger', 'X-Errand')

const sent = eventRef('errands.sent', z.object({ name: z.string() }))

async function note(db: TenantDb, name: string, now: Date): Promise<void> {
  await db.table('sites').insert({ id: newId(), name, created_at: now, updated_at: now })
}

/** An errand is a job and an event; both note the name of the process that did them, as a row of `sites`. */
export default definePlugin({
  name: 'errands',
  version: '1.0.0',
  title: 'Errands',
  segments: ['errands', 'v1/errands', 'desk'],
  config: z.object({ ERRANDS_BY: text('Name of this process.').default('nobody') }),
  emits: [sent],
  setup(kit) {
    const by = kit.config.ERRANDS_BY
    kit.guests(messenger, async credential => {
      const [, tenantId] = /^errand@([0-9a-f-]{36})$/.exec(credential) ?? []
      return tenantId === undefined ? undefined : { tenantId, actor: { kind: 'device', id: 'messenger' } }
    })
    kit.job('run', {
      scope: 'tenant',
      data: z.object({ name: z.string() }),
      run: ({ name }, { call }) => note(call.db, `${name}: job by ${by}`, call.now()),
    })
    kit.on(sent, ({ payload: { name } }, { call }) => note(call.db, `${name}: event by ${by}`, call.now()))
    kit.guestRoute('POST /v1/errands', {
      summary: 'Sends one',
      guests: messenger,
      body: z.strictObject({ name: z.string() }),
      status: 202,
      returns: z.object({ job_id: z.string() }),
      async handle({ body: { name } }, { call }) {
        await call.emit(sent, { name })
        return { job_id: await call.enqueue('run', { name }) }
      },
    })
    kit.platformRoute('GET /errands/ping', {
      summary: 'For anybody, at the edge too',
      access: 'public',
      edge: true,
      returns: z.object({ by: z.string() }),
      handle: () => ({ by }),
    })
    kit.platformRoute('GET /errands/about', {
      summary: 'For anybody',
      access: 'public',
      returns: z.object({ by: z.string() }),
      handle: () => ({ by }),
    })
    kit.route('GET /errands', {
      summary: 'What was done',
      permission: 'signed-in',
      returns: z.array(z.string()),
      async handle(_input, { call }) {
        const rows: { name: string }[] = await call.db.table('sites').select('name').orderBy('name')
        return rows.map(({ name }) => name)
      },
    })
    kit.channel('errands', { summary: 'For users', permission: 'signed-in', send: {} })
    kit.channel('desk', { summary: 'For messengers', permission: 'signed-in', guests: messenger, send: {} })
  },
})
