import { availableParallelism } from 'node:os'

const onSqlServer = /^(sqlserver|mssql):/.test(process.env.DATABASE_URL ?? '')

/**
 * On a SQL Server tests take longer, and each file has a process of its own: a worker thread that ends with connections
 * still closing may spin for ever in Node's clean-up.
 */
export default {
  extensions: ['ts'],
  files: ['**/test/**/*.test.ts'],
  timeout: onSqlServer ? '5m' : '2m',
  workerThreads: !onSqlServer,
  // Tests wait a good deal, for sockets, disks and clocks: one file more than there are cores at a time.
  concurrency: availableParallelism() + 1,
}
