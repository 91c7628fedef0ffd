import test from 'ava'
import { shapeOf } from '../../../kernel/telemetry/statement-shape.ts'

const names: readonly (readonly [sql: string, name: string])[] = [
  ['select `id` from `assets` where `id` = ?', 'SELECT assets'],
  ['select top (@p0) [id] from [assets] where [tenant_id] = @p1', 'SELECT assets'],
  ['insert into `assets` (`id`) values (?)', 'INSERT assets'],
  ['insert into [assets] ([id]) output inserted.[id] values (@p0)', 'INSERT assets'],
  ['update `outbox_lanes` set `due_at` = ?', 'UPDATE outbox_lanes'],
  ['delete from `assets`;select @@rowcount', 'DELETE assets'],
  ['MERGE INTO [kev_catalog] AS target USING (SELECT 1) AS source', 'MERGE kev_catalog'],
  ['with ranked as (select 1) select * from `findings`', 'SELECT findings'],
  ['select count(*) from (select `id` from `outbox` limit ?) as `waiting`', 'SELECT outbox'],
  ['CREATE TABLE IF NOT EXISTS `things` (`id` text)', 'CREATE things'],
  ['SELECT 1', 'SELECT'],
  ['PRAGMA user_version', 'SQL'],
]

for (const [sql, name] of names) {
  test(`${sql} is ${name}`, t => {
    t.is(shapeOf(sql).name, name)
  })
}

test('texts that stand in a statement are not told', t => {
  t.is(shapeOf("select * from `users` where `email` = 'it''s@secret' and kind = N'x'").text.includes('secret'), false)
})

test('a statement is cut', t => {
  const { text } = shapeOf(`select * from \`assets\` where \`id\` in (${'?, '.repeat(5_000)}?)`)
  t.is(text.length, 2_049)
})
