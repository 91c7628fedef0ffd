import test from 'ava'
import { bareDatabase } from '../../kernel/testing/test-database.ts'
import { migrate } from '../migrate.ts'
import { findMigrations, KERNEL_MIGRATIONS } from '../migration-files.ts'

const kernel = findMigrations(KERNEL_MIGRATIONS)
const at = '2026-01-02T03:04:05.678Z'
const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`
const record = (n: number) => ({ id: id(n), tenant_id: id(1), created_at: at, updated_at: at })

test('rows of the first version survive all later ones', async t => {
  const database = await bareDatabase()
  t.teardown(() => database.close())
  const { knex } = database
  await migrate(database, { migrations: kernel.slice(0, 1) })
  await knex('tenants').insert({ id: id(1), name: 'Acme', account_name: 'acme', created_at: at, updated_at: at })
  await knex('users').insert({ ...record(2), email: 'A@acme.test', email_key: 'a@acme.test', name: 'A' })
  await knex('user_settings').insert({ tenant_id: id(1), user_id: id(2), updated_at: at })
  await knex('sites').insert({ ...record(3), name: 'Plant' })
  await knex('assets').insert({ ...record(4), name: 'PLC', type: 'plc', site_id: id(3) })
  await knex('vlans').insert({ ...record(5), number: 10, name: 'Cell' })
  await knex('zones').insert({ ...record(6), name: 'Control', level: 2 })
  await knex('diagrams').insert({ ...record(7), name: 'Line 1', change_id: id(9), site_id: id(3) })
  await knex('vuln_scanner_settings').insert({ tenant_id: id(1), nvd_api_key: 'secret', updated_at: at })

  await migrate(database, { migrations: kernel })

  const asset = await knex('assets').first()
  t.like(asset, { id: id(4), site_id: id(3), cpes: '[]', criticality: 'medium', producer: null, revision: 1 })
  t.false('vendor' in asset)
  t.false('change_id' in (await knex('diagrams').first()))
  t.deepEqual(await knex('vuln_scanner_settings').first(), { tenant_id: id(1), alert_min_cvss: 9, updated_at: at })
  t.like(await knex('vlans').first(), { number: 10, site_id: null, zone_id: null })
  t.like(await knex('zones').first(), { level: 2, site_id: null })
  const tenant = await knex('tenants').first()
  t.is(tenant.status, 'pending')
  t.false(Boolean(tenant.onboarding_ot_completed))
  t.like(await knex('user_settings').first(), { appearance: null })
  if (database.dialect.name === 'sqlite') t.deepEqual(await knex.raw('PRAGMA foreign_key_check'), [])
})

test('references hold and owned rows go with their owner', async t => {
  const database = await bareDatabase()
  t.teardown(() => database.close())
  const { knex, dialect } = database
  await migrate(database, { migrations: kernel })
  await knex('tenants').insert({ id: id(1), name: 'Acme', account_name: 'acme', created_at: at, updated_at: at })
  await knex('sites').insert({ ...record(3), name: 'Plant' })
  await knex('assets').insert({ ...record(4), name: 'PLC', type: 'plc', site_id: id(3) })
  await knex('zones').insert({ ...record(6), name: 'Control', site_id: id(3) })
  const finding = { asset_id: id(4), cve_id: 'CVE-2024-0001', confidence: 'confirmed', first_seen: at, last_seen: at }
  await knex('vulnerabilities').insert({ ...record(8), ...finding })

  const inUse = await t.throwsAsync(
    knex('sites')
      .where({ id: id(3) })
      .del(),
  )
  t.true(dialect.isForeignKeyViolation(inUse))
  const twice = await t.throwsAsync(knex('vulnerabilities').insert({ ...record(9), ...finding }))
  t.true(dialect.isUniqueViolation(twice))
  await knex('assets')
    .where({ id: id(4) })
    .del()
  t.deepEqual(await knex('vulnerabilities'), [])
})
