/** What a process can do: all by default, or some of it where several share a SQL Server. */
export const roles = ['api', 'ingest', 'worker'] as const

/** `api`: serves everything. `ingest`: serves devices only. `worker`: runs jobs and delivers events. */
export type Role = (typeof roles)[number]

/** Whether a word is one. */
export const isRole = (word: string): word is Role => (roles as readonly string[]).includes(word)

/** Whether roles make a process that does everything, so that it may be alone. */
export const isEverything = (given: readonly Role[]): boolean => given.includes('api') && given.includes('worker')
