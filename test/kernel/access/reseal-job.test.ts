import test from 'ava'
import { createSealer } from '../../../kernel/secrets/sealed.ts'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'

const OLD = 'the-old-secret-key-of-the-tests-0123456789'
const NEW = 'the-new-secret-key-of-the-tests-0123456789'

test('after a change of SECRET_KEY the secrets of second factors and providers are sealed anew', async t => {
  await using house = await startTestKernel({ plugins: [], env: { SECRET_KEY: NEW, SECRET_KEY_PREVIOUS: OLD } })
  const { knex } = house.kernel.runtime.database
  const tenantId = house.tenantId('a')
  const now = new Date()
  const times = { created_at: now, updated_at: now }
  const id = '0198c1d2-0000-7000-8000-00000000c0de'
  const email = 'ada@plant.example'
  const old = createSealer(OLD)
  const totp_secret = old.seal('totp', 'JBSWY3DPEHPK3PXP', id)
  await knex('users').insert({ id, tenant_id: tenantId, email, email_key: email, name: 'Ada', totp_secret, ...times })
  const client_secret = old.seal('oidc-client-secret', 'of the provider', tenantId)
  const provider = { provider: 'oidc', issuer: 'https://login.example', client_id: 'monozu', client_secret }
  await knex('tenant_oidc_config').insert({ tenant_id: tenantId, ...provider, ...times })

  t.deepEqual((await house.job('access', 'reseal-secrets', {})).result, { resealed: 2, unreadable: 0 })
  const present = createSealer(NEW)
  const user = await knex('users').where({ id }).first('totp_secret')
  t.is(present.open('totp', user.totp_secret, id), 'JBSWY3DPEHPK3PXP')
  const config = await knex('tenant_oidc_config').where({ tenant_id: tenantId }).first('client_secret')
  t.is(present.open('oidc-client-secret', config.client_secret, tenantId), 'of the provider')
  t.deepEqual((await house.job('access', 'reseal-secrets', {})).result, { resealed: 0, unreadable: 0 })
})
