import type { AgendaBackend } from 'agenda'
import type { Database } from '../../db/database.ts'
import { SqlJobRepository } from './job-repository.ts'

/** Agenda's store in the SQL database of the kernel, which opens and closes it. */
export function sqlBackend(database: Database): AgendaBackend {
  return {
    name: database.dialect.name,
    repository: new SqlJobRepository(database),
    ownsConnection: false,
    connect: async () => undefined,
    disconnect: async () => undefined,
  }
}
