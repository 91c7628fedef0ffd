import type { RemoveJobsOptions } from 'agenda'
import type { Knex } from 'knex'
import type { AgendaSql } from './agenda-sql.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** True for text that can be the id of a job: SQL Server refuses a query that compares an id with anything else. */
export const isJobId = (id: unknown): boolean => UUID.test(String(id))

/**
 * Narrows a query by Agenda's options: id or ids, name, names or notNames, data. Ids that cannot exist match nothing.
 * @returns false when the options name no criterion, which must never mean "all jobs"
 */
export function filterJobs(query: Knex.QueryBuilder, options: RemoveJobsOptions, sql: AgendaSql): boolean {
  const { id, ids, name, names, notNames, data } = options
  let narrowed = true
  if (id) query.whereIn('id', isJobId(id) ? [id] : [])
  else if (ids?.length) query.whereIn('id', ids.filter(isJobId))
  else narrowed = false
  if (name) query.where('name', name)
  else if (names?.length) query.whereIn('name', names)
  else if (notNames?.length) query.whereNotIn('name', notNames)
  else if (data === undefined) return narrowed
  if (data !== undefined) whereHolds(query, [], data, sql)
  return true
}

/** Containment: every key of an object must be there with its value; anything else must be equal. */
function whereHolds(query: Knex.QueryBuilder, path: readonly string[], value: unknown, sql: AgendaSql): void {
  const nested = typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = nested ? Object.entries(value).filter(([, inner]) => inner !== undefined) : []
  if (entries.length === 0) sql.whereData(query, path, value)
  for (const [key, inner] of entries) whereHolds(query, [...path, key], inner, sql)
}
