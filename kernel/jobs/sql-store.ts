import type { Database } from '../../db/database.ts'
import type { JobStore } from './job-store.ts'
import { sqlBackend } from './sql-backend.ts'

/**
 * Agenda's jobs in the SQL database of the kernel, which opens it, closes it and says whether it answers: without it
 * nothing works, so there is no outage of this store alone.
 */
export const sqlStore = (database: Database): JobStore => ({
  name: database.dialect.name,
  open: async () => sqlBackend(database),
  check: async () => undefined,
  isOutage: () => false,
  close: async () => undefined,
})
