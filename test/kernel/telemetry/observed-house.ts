import { Readable } from 'node:stream'
import { z } from 'zod'
import { eventRef, prepare, problem, reply } from '../../../kernel/contract.ts'
import { startTestKernel, type TestKernel } from '../../../kernel/testing/test-kernel.ts'
import { smallPlugin } from '../plugins/small-plugin.ts'
import { type CapturedLog, capturedLog } from '../testing/captured-log.ts'

/** What the plugin `things` tells of. */
export const thingMade = eventRef('things.thing-made', z.strictObject({ name: z.string() }))

const byId = prepare<{ id: string }, { id: string }>((from, v) => from.table('assets').select('id').where('id', v.id))

/** A plugin with a route, a job, an event and a gauge to observe. */
export const things = smallPlugin(
  'things',
  kit => {
    kit.route('GET /things/:id', {
      summary: 'Read one, in two ways',
      permission: 'signed-in',
      returns: z.object({ found: z.int() }),
      async handle({ params }, { call }) {
        call.log.info('looking')
        const prepared = await call.db.all(byId, { id: params.id })
        const built = await call.db.table('assets').select('id').where('name', params.id)
        return { found: prepared.length + built.length }
      },
    })
    kit.route('GET /things/export', {
      summary: 'Read all, as a stream',
      permission: 'signed-in',
      produces: 'text/plain',
      async handle(_input, { call }) {
        async function* lines() {
          for (const _time of ['once', 'twice']) yield `${(await call.db.table('assets').select('id')).length}\n`
        }
        return reply(Readable.from(lines()), { type: 'text/plain' })
      },
    })
    kit.route('POST /things', {
      summary: 'Make one',
      permission: 'signed-in',
      body: z.strictObject({ name: z.string() }),
      returns: z.object({ job_id: z.string() }),
      async handle({ body }, { call }) {
        await call.emit(thingMade, { name: body.name })
        return { job_id: await call.enqueue('polish', { name: body.name }) }
      },
    })
    kit.route('POST /things/broken', {
      summary: 'Never works',
      permission: 'signed-in',
      body: z.strictObject({ name: z.string() }),
      async handle({ body }, { call }) {
        await call.db.table('no_such_table').insert({ name: body.name })
      },
    })
    kit.job('polish', {
      scope: 'tenant',
      data: z.strictObject({ name: z.string() }),
      retries: 0,
      async run({ name }, { call }) {
        if (name === 'heap') for (let i = 0; i < 300; i++) await call.db.table('assets').select('id')
        if (name === 'dust') throw new Error('it cannot be polished')
        return { rows: (await call.db.table('assets').select('id')).length }
      },
    })
    kit.channel('things', {
      summary: 'Things, as one talks of them',
      permission: 'signed-in',
      send: { found: z.object({ rows: z.int() }) },
      receive: {
        find: {
          summary: 'Looks for things',
          data: z.strictObject({ name: z.string() }),
          async handle({ name }, { call, socket }) {
            if (name === 'nothing') throw problem('not_found', 'There is nothing.')
            if (name === 'trouble') throw new Error('the shelf fell down')
            socket.send('found', { rows: (await call.db.table('assets').select('id')).length })
          },
        },
      },
    })
    kit.gauge('shelf_age', {
      unit: 's',
      description: 'Age of the shelf',
      read: async () => [{ value: 7, attributes: { shelf: 'top' } }],
    })
  },
  { emits: [thingMade] },
)

/** A plugin that listens to `things`. */
export const listener = smallPlugin('listener', kit => {
  kit.on(thingMade, async ({ payload }, { call }) => {
    if (payload.name === 'noise') throw new Error('too loud')
    await call.db.table('assets').select('id')
  })
})

/** A kernel with both plugins that exports to a receiver. */
export class ObservedHouse implements AsyncDisposable {
  readonly kernel: TestKernel
  readonly log: CapturedLog
  #ended: Promise<void> | undefined

  constructor(kernel: TestKernel, log: CapturedLog) {
    this.kernel = kernel
    this.log = log
  }

  /** Stops the kernel, which sends what is left. */
  end(): Promise<void> {
    this.#ended ??= this.kernel[Symbol.asyncDispose]()
    return this.#ended
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end()
  }
}

/** Starts it with these settings. */
export async function observedHouse(env: Readonly<Record<string, string>>): Promise<ObservedHouse> {
  const log = capturedLog('info')
  const kernel = await startTestKernel({ plugins: [things, listener], env, kernel: { logging: log.logging } })
  return new ObservedHouse(kernel, log)
}
