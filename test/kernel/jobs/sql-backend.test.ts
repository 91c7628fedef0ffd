import test from 'ava'
import { SqlJobRepository } from '../../../kernel/jobs/job-repository.ts'
import { sqlBackend } from '../../../kernel/jobs/sql-backend.ts'
import { databaseFile, emptyDatabase, open, openAgain } from './job-database.ts'
import { lockConformance, type OnRepository, repositoryConformance } from './repository-conformance.ts'

const inSql: OnRepository = (title, run) =>
  test(`SQL: ${title}`, async t => run(t, sqlBackend(await emptyDatabase(t)).repository))

repositoryConformance(inSql)
lockConformance(inSql)

test('two instances on one file never lock the same job', async t => {
  const filename = await databaseFile(t)
  const one = new SqlJobRepository(await open(t, filename))
  const other = new SqlJobRepository(await openAgain(t, filename))
  for (let n = 0; n < 40; n++) {
    await one.saveJob({ name: 'job', priority: 0, type: 'normal', nextRunAt: new Date(), data: n }, undefined)
  }
  const drain = async (repository: SqlJobRepository): Promise<unknown[]> => {
    const claimed: unknown[] = []
    for (;;) {
      const found = await repository.getNextJobToRun('job', new Date(), new Date(0), undefined, undefined)
      if (!found) return claimed
      claimed.push(found.data)
    }
  }
  const all = (await Promise.all([drain(one), drain(other)])).flat()
  t.deepEqual(
    all.map(Number).sort((a, b) => a - b),
    [...Array(40).keys()],
  )
})

test('asking for many names at once costs one query, and one more for each that is due', async t => {
  const database = await emptyDatabase(t)
  let reads = 0
  let writes = 0
  const read: typeof database.read = (query, bindings) => {
    reads++
    return database.read(query, bindings)
  }
  const counting = { ...database, read }
  database.knex.on('query', ({ sql }: { sql: string }) => {
    // On SQL Server reads go this way, too.
    if (!sql.startsWith('select')) writes++
  })
  const repository = new SqlJobRepository(counting)
  await repository.saveJob({ name: 'job-7', priority: 0, type: 'normal', nextRunAt: new Date(), data: {} }, undefined)
  writes = 0
  const names = Array.from({ length: 60 }, (_, n) => `job-${n}`)
  const look = () =>
    Promise.all(names.map(name => repository.getNextJobToRun(name, new Date(), new Date(0), undefined, undefined)))
  t.is((await look()).filter(Boolean).length, 1)
  t.deepEqual([reads, writes], [1, 1])
  t.is((await look()).filter(Boolean).length, 0)
  t.deepEqual([reads, writes], [2, 1])
})
