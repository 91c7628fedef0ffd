import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import test from 'ava'
import { startTestKernel } from '../../../kernel/testing/test-kernel.ts'
import { LicenceBook } from '../licence-book.ts'
import { managementServer } from '../server.ts'
import { readSecrets } from '../settings.ts'
import { folderOf, run } from './run.ts'

const DAY = 86_400_000

test('a tenant registers, is activated, runs out, and comes back although the webhook was lost', async t => {
  const folder = await folderOf(t)
  const server = managementServer(new LicenceBook(path.join(folder, 'management.json')), 'the-token')
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const MANAGEMENT_API_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const env = { DATA_DIR: folder, CLOUD_INTERNAL_API_TOKEN: 'the-token', MANAGEMENT_API_URL }
  await using kernel = await startTestKernel({ plugins: [], env })
  const url = (await kernel.socketUrl()).replace(/^ws/, 'http')
  const person = { email: 'nina@newcomer.example', password: 'quiet otter at the kiln' }
  const made = await kernel.anonymous.post('/auth/register', {
    ...person,
    account_name: 'newcomer',
    tenant_name: 'Newcomer',
    name: 'Nina',
  })
  const tenant: string = made.body.tenant_id
  const login = async (): Promise<string> => {
    const { status, body } = await kernel.anonymous.post('/auth/login', person)
    return `${status} ${body.error ?? ''}`.trim()
  }
  const features = () => kernel.kernel.tenancy.features.map(tenant)
  const manage = (...args: string[]) => run([...args, '--url', url, '--data-dir', folder])

  t.is(await login(), '403 tenant_pending')
  const activated = await manage('activate', tenant.toUpperCase(), '--plan', 'standard', '--features', 'vpn,backup')
  t.is(activated.stderr, '')
  t.is(activated.status, 0)
  t.regex(activated.stdout, new RegExp(`^${tenant} is active: standard, backup, vpn, until 20`))
  t.is(await login(), '200')
  t.deepEqual(features(), { backup: true, security: false, vpn: true })

  const expired = await manage('expire', tenant, '--days-ago', '1')
  t.regex(expired.stdout, new RegExp(`^${tenant} is grace: standard, `))
  t.is(await login(), '200', 'in grace')
  t.deepEqual(features(), { backup: false, security: false, vpn: false })
  const listed = await manage('list')
  t.regex(listed.stdout, /^TENANT +PLAN +FEATURES +EXPIRES +CLOUD\n.* standard +vpn,backup +.* \(over\) +has it since /)
  kernel.clock.advance(15 * DAY)
  t.is(await login(), '403 license_expired')

  const offline = await manage('activate', tenant, '--features', 'security', '--days', '400', '--offline')
  t.regex(offline.stdout, /noted, and not sent/)
  let healed = ''
  for (let tries = 0; tries < 20 && healed !== '200'; tries++) {
    kernel.clock.advance(30_000)
    healed = await login()
  }
  t.is(healed, '200', 'Cloud has asked')
  t.deepEqual(features(), { backup: false, security: true, vpn: false })
  const lines = await kernel.kernel.runtime.database.knex('audit_logs').where({ tenant_id: tenant }).orderBy('id')
  const refreshed = lines.filter(({ action }) => action === 'license.refreshed')
  t.is(refreshed.length, 3, 'each change is in the log of the tenant')
})

test('what Cloud refuses is told with the next step, and kept', async t => {
  const folder = await folderOf(t)
  await using kernel = await startTestKernel({ plugins: [], env: { DATA_DIR: folder } })
  const url = (await kernel.socketUrl()).replace(/^ws/, 'http')
  const nobody = '01900000-0000-7000-8000-000000000000'
  const unknown = await run(['activate', nobody, '--url', url, '--data-dir', folder])
  t.is(unknown.status, 1)
  t.regex(unknown.stderr, /404 tenant_not_found: register .* first, with POST \/api\/v1\/auth\/register/)
  t.regex(unknown.stderr, /The licence is noted/)
  const forged = await run(['send', nobody, '--url', url, '--data-dir', folder], { CLOUD_WEBHOOK_HMAC_SECRET: 'wrong' })
  t.regex(forged.stderr, /401 invalid_signature: CLOUD_WEBHOOK_HMAC_SECRET here must be the one of Cloud/)
  const asJson = await run(['list', '--json', '--data-dir', folder])
  t.like(JSON.parse(asJson.stdout), [{ tenant_id: nobody, delivered_at: null }])
  const { token } = await readSecrets({}, folder)
  t.is(token, kernel.kernel.runtime.internalToken, 'the secrets that Cloud made up')
})
