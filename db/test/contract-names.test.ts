import { readdirSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { findMigrations, KERNEL_MIGRATIONS } from '../migration-files.ts'

const PLUGINS = path.join(import.meta.dirname, '..', '..', 'plugins')
const folders = [KERNEL_MIGRATIONS, ...readdirSync(PLUGINS).map(name => path.join(PLUGINS, name, 'migrations'))]
const scripts = folders.flatMap(findMigrations)

/** Made before there was a version in use that could still need what they take away. */
const BEFORE_THE_FIRST_RELEASE = new Set([
  'V11__vuln_scanner_drop_tenant_api_keys.sql',
  'V12__vuln_scanner_drop_feed_sync_enabled.sql',
  'V18__assets_vendor_to_producer.sql',
  'V28__drop_diagram_change_id.sql',
])

const TAKES_AWAY = /\bDROP\s+(COLUMN|TABLE)\b|\bsp_rename\b|\bALTER\s+COLUMN\b/i

test('a migration that takes something away says so in its name', t => {
  const taking = scripts.filter(file => TAKES_AWAY.test(file.rendered() ?? ''))
  t.true(taking.length >= BEFORE_THE_FIRST_RELEASE.size, 'they are recognised')
  t.deepEqual(
    taking
      .map(({ script }) => script)
      .filter(script => !/^V\d+__contract_/.test(script) && !BEFORE_THE_FIRST_RELEASE.has(script)),
    [],
  )
})
