import test from 'ava'
import { z } from 'zod'
import { type Call, newId, serviceRef } from '../../../kernel/contract.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { refusal } from '../http/echo.ts'
import { smallPlugin } from './small-plugin.ts'

/** Puts a row into `sites`, in the call that asks for it. */
class Register {
  readonly #call: Call
  constructor({ call }: { call: Call }) {
    this.#call = call
  }

  async add(name: string): Promise<string> {
    const now = this.#call.now()
    await this.#call.db.table('sites').insert({ id: newId(), name, created_at: now, updated_at: now })
    return this.#call.tenant.id
  }
}

const register = serviceRef<Register>('provider.register')
const answer = z.object({ tenant: z.string(), same: z.boolean() })

const provider = smallPlugin('provider', () => undefined, {
  feature: 'provider',
  offers: { register },
  services: { register: Register },
})
const user = smallPlugin(
  'user',
  kit => {
    kit.route('POST /user', {
      summary: 's',
      permission: 'signed-in',
      returns: answer,
      async handle(_input, context) {
        const { theirs } = context as unknown as { theirs: Register }
        return {
          tenant: await theirs.add('kept'),
          same: theirs === (context as unknown as { theirs: Register }).theirs,
        }
      },
    })
    kit.route('POST /user/fail', {
      summary: 's',
      permission: 'signed-in',
      async handle(_input, context) {
        await (context as unknown as { theirs: Register }).theirs.add('undone')
        throw new Error('after the write')
      },
    })
    kit.route('GET /user', { summary: 's', permission: 'signed-in', handle: () => undefined })
  },
  { uses: { theirs: register } },
)

test('a service of another plugin works in the call of the one that uses it', async t => {
  await using house = await startTestKernel({ plugins: [user, provider] })
  const { body } = await (await house.as('a')).post('/user')
  t.deepEqual(body, { tenant: house.tenantId('a'), same: true })
  const rows = await house.kernel.runtime.database.knex('sites').select('tenant_id', 'name')
  t.deepEqual(rows, [{ tenant_id: house.tenantId('a'), name: 'kept' }])
})

test('what it wrote goes when the one that uses it fails', async t => {
  await using house = await startTestKernel({ plugins: [user, provider] })
  t.is((await (await house.as('a')).post('/user/fail')).status, 500)
  t.deepEqual(await house.kernel.runtime.database.knex('sites').select(), [])
})

test('for a tenant without the feature of the provider it is closed, and the rest of the user is not', async t => {
  await using house = await startTestKernel({ plugins: [user, provider] })
  await house.licence('a', [])
  const a = await house.as('a')
  t.is(refusal(await a.post('/user')), '403 feature_disabled')
  t.is((await a.get('/user')).status, 204)
  t.is((await (await house.as('b')).post('/user')).status, 200)
})

test('while the provider does not run it is 503 and names both sides', async t => {
  await using house = await startTestKernel({ plugins: [user, provider] })
  await house.settled()
  await house.kernel.catalogue.byName('provider')?.stop(0)
  const refused = await (await house.as('a')).post('/user')
  t.is(refusal(refused), '503 plugin_unavailable')
  t.is(refused.body.detail, '"user" needs provider.register, and no running plugin offers it.')
  t.is((await (await house.as('a')).get('/user')).status, 204)
})
