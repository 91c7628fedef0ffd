import { text } from 'node:stream/consumers'
import { z } from 'zod'
import { definePlugin, etagReply, newId, problem, queryFlag } from '../../../kernel/contract.ts'

const Note = z.strictObject({ id: z.string(), name: z.string() })

/** How often the handlers that write ran, by the name they were given. */
export type Runs = Map<string, number>

/**
 * A plugin with a route of each kind. What it writes are rows of `sites`, a table of the kernel's own migrations.
 * @param held what `GET /echo/slow` waits for, after it has called `entered`
 */
export const echoPlugin = (
  runs: Runs = new Map(),
  held: { entered(): void; readonly until: Promise<void> } = { entered: () => undefined, until: Promise.resolve() },
) =>
  definePlugin({
    name: 'echo',
    version: '1.0.0',
    title: 'Echo',
    segments: ['echo', 'internal/echo'],
    permissions: { 'echo:read': 'Hear', 'echo:write': 'Say' },
    setup(kit) {
      kit.route('GET /echo/:id', {
        summary: 'One',
        permission: 'echo:read',
        returns: Note,
        handle: ({ params }) => etagReply({ id: params.id, name: 'by id' }, 7),
      })
      kit.route('GET /echo/fixed', {
        summary: 'A path that also fits /echo/:id',
        permission: 'echo:read',
        returns: Note,
        handle: () => ({ id: 'fixed', name: 'fixed' }),
      })
      kit.route('GET /echo', {
        summary: 'All',
        permission: 'echo:read',
        query: z.strictObject({ loud: queryFlag.optional(), size: z.coerce.number().int().max(100_000).default(0) }),
        returns: z.object({ loud: z.boolean().optional(), text: z.string() }),
        handle: ({ query }) => ({
          ...(query.loud === undefined ? {} : { loud: query.loud }),
          text: 'x'.repeat(query.size),
        }),
      })
      kit.route('GET /echo/slow', {
        summary: 'Takes as long as it is held',
        permission: 'echo:read',
        returns: z.object({ done: z.boolean() }),
        async handle() {
          held.entered()
          await held.until
          return { done: true }
        },
      })
      kit.route('GET /echo/broken', {
        summary: 'Fails',
        permission: 'echo:read',
        returns: z.object({}),
        async handle(_input, { call }) {
          await call.db.table('no_such_table').where('password', 'hunter2-in-a-binding').select('*')
          return {}
        },
      })
      kit.route('GET /echo/lies', {
        summary: 'Answers something else than it says',
        permission: 'echo:read',
        returns: z.object({ number: z.number() }),
        handle: () => ({ number: 'seven' }) as never,
      })
      kit.route('POST /echo', {
        summary: 'Write',
        permission: 'echo:write',
        body: z.strictObject({ name: z.string().min(1), tags: z.array(z.string()).max(3).optional() }),
        status: 201,
        returns: Note,
        async handle({ body }, { call }) {
          runs.set(body.name, (runs.get(body.name) ?? 0) + 1)
          if (body.name === 'slow') {
            held.entered()
            await held.until
          }
          const id = newId()
          const now = call.now()
          await call.db.table('sites').insert({ id, name: body.name, created_at: now, updated_at: now })
          if (body.name === 'unlucky') throw new Error('internal detail 4711')
          if (body.name === 'refused') throw problem('conflict', 'Not this name.')
          return etagReply({ id, name: body.name }, 1)
        },
      })
      kit.route('PATCH /echo/:id', {
        summary: 'Change, from revision 7 only',
        permission: 'echo:write',
        body: z.strictObject({ name: z.string() }),
        returns: Note,
        handle({ params, body, ifMatch }) {
          if (ifMatch !== undefined && ifMatch !== 7) throw problem('stale')
          return etagReply({ id: params.id, name: body.name }, 8)
        },
      })
      kit.route('DELETE /echo/:id', { summary: 'Delete', permission: 'echo:write', handle: () => undefined })
      kit.route('POST /echo/limited', {
        summary: 'Twice a minute',
        permission: 'echo:write',
        limit: { perMinute: 2 },
        audit: false,
        handle: () => undefined,
      })
      kit.route('POST /echo/file', {
        summary: 'Counts the characters of a file',
        permission: 'echo:write',
        upload: { types: ['text/csv', 'multipart/form-data'] },
        maxBytes: 2_000,
        returns: z.object({ type: z.string(), filename: z.string().nullable(), characters: z.number() }),
        async handle({ upload }) {
          const content = await text(upload.content)
          return { type: upload.type, filename: upload.filename ?? null, characters: content.length }
        },
      })
      kit.platformRoute('GET /echo/public', {
        summary: 'For anybody',
        access: 'public',
        limit: { perMinute: 3 },
        returns: z.object({ address: z.string() }),
        handle: (_input, _context, request) => ({ address: request.address }),
      })
      kit.platformRoute('POST /internal/echo', {
        summary: 'With the internal token',
        access: 'internal-token',
        body: z.strictObject({ name: z.string() }),
        returns: z.object({ name: z.string() }),
        handle: ({ body }) => body,
      })
    },
  })
