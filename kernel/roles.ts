import type { Role } from '../config/role.ts'
import type { AnyChannel, RegisteredRoute } from './plugins/registrations.ts'

/** What this process does of what the server does. Processes of other roles share the database, and the backplane. */
export class Roles {
  /** As they were given, each once. */
  readonly names: readonly Role[]
  /** Serves users, the management system and the documentation. */
  readonly users: boolean
  /** Serves guests, such as devices. */
  readonly guests: boolean
  /** Runs jobs and delivers events. */
  readonly work: boolean

  constructor(names: readonly Role[]) {
    this.names = [...new Set(names)]
    this.users = this.names.includes('api')
    this.guests = this.users || this.names.includes('ingest')
    this.work = this.names.includes('worker')
  }

  /** Whether a route of a plugin is served here. */
  serves({ kind, route }: RegisteredRoute): boolean {
    return this.users || (this.guests && (kind === 'guest' || (kind === 'platform' && route.edge === true)))
  }

  /** Whether a channel of a plugin takes sockets here. */
  opens({ guests }: AnyChannel): boolean {
    return this.users || (this.guests && guests !== undefined)
  }

  /** Why nothing answers under a path. */
  get nothingHere(): string {
    if (this.users) return 'Nothing answers under this path.'
    return this.guests
      ? `Nothing answers under this path: this process only serves devices (its role is ${this}).`
      : `Nothing answers under this path: this process only runs jobs and delivers events (its role is ${this}).`
  }

  /** `api, worker`. */
  toString(): string {
    return this.names.join(', ')
  }
}
