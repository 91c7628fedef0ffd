import { z } from 'zod'
import { type AnyPlugin, definePlugin, guestRef, newId, problem } from '../../../kernel/contract.ts'

/** Whoever wears a badge: `badge_<id>@<tenant id>`, or `lead_…` for one who may do more. */
export const badge = guestRef('badges.badge', 'X-Badge')

const Badge = /^(badge|lead)_(\w+)@([0-9a-f-]{36})$/

/** The plugin that knows whose a badge is. */
export const badges = definePlugin({
  name: 'badges',
  version: '1.0.0',
  title: 'Badges',
  segments: ['badges'],
  setup(kit) {
    kit.guests(badge, async (credential, { call }) => {
      if (credential === 'badge_locked') throw problem('conflict', 'The badge is locked.')
      const [, kind, id, tenantId] = Badge.exec(credential) ?? []
      if (!id || !tenantId || !(await call.db.forTenant(tenantId).table('users').first('id'))) return undefined
      return { tenantId, actor: { kind: 'device', id }, ...(kind === 'lead' && { permissions: ['visits:read'] }) }
    })
  },
}) as unknown as AnyPlugin

const Visit = z.strictObject({
  id: z.string(),
  name: z.string(),
  actor: z.object({ kind: z.string(), id: z.string() }),
  tenant_id: z.string(),
  lead: z.boolean(),
})

/** Routes for guests of another plugin, below each root. What they write are rows of `sites`. */
export const visits = definePlugin({
  name: 'visits',
  version: '1.0.0',
  title: 'Visits',
  feature: 'visits',
  segments: ['visits', 'v1/visits', 'admin/visits'],
  permissions: { 'visits:read': 'See visits' },
  setup(kit) {
    kit.guestRoute('POST /v1/visits', {
      summary: 'A visit',
      guests: badge,
      gzip: true,
      maxBytes: 200_000,
      body: z.strictObject({ name: z.string(), notes: z.string().default('') }),
      status: 201,
      returns: Visit,
      async handle({ body: { name } }, { call }) {
        const id = newId()
        const now = call.now()
        await call.db.table('sites').insert({ id, name, created_at: now, updated_at: now })
        if (name === 'unlucky') throw problem('conflict', 'Not this one.')
        return { id, name, actor: call.actor, tenant_id: call.tenant.id, lead: call.can('visits:read') }
      },
    })
    kit.guestRoute('GET /visits/:id', {
      summary: 'One visit',
      guests: badge,
      returns: z.object({ name: z.string() }),
      async handle({ params }, { call }) {
        const row = await call.db.table('sites').first('name').where('id', params.id)
        if (!row) throw problem('not_found')
        return { name: row.name }
      },
    })
    kit.guestRoute('POST /visits/limited', {
      summary: 'Twice a minute',
      guests: badge,
      limit: { perMinute: 2 },
      audit: false,
      handle: () => undefined,
    })
    kit.route('GET /visits', {
      summary: 'For users',
      permission: 'visits:read',
      returns: z.object({ items: z.array(z.string()) }),
      handle: () => ({ items: [] }),
    })
    kit.platformRoute('POST /admin/visits', {
      summary: 'Below a root that several plugins share',
      access: 'public',
      returns: z.object({ admin: z.boolean() }),
      handle: () => ({ admin: true }),
    })
  },
}) as unknown as AnyPlugin
