import { setTimeout as pause } from 'node:timers/promises'
import type { AnyPlugin } from '../contract.ts'
import type { Log } from '../log/log.ts'
import type { Rejected } from './discover.ts'
import type { PluginHost } from './host.ts'
import { Retries } from './retries.ts'

/** One line of the list of plugins. */
export interface PluginSummary {
  readonly name: string
  readonly version: string
  readonly title: string
  readonly feature: string | null
  readonly state: string
  readonly reason?: string
}

/**
 * All plugins of this process: which exist, which run. `reconcile` starts what some tenant has and stops what nobody
 * has any more. Starts and stops of one plugin never overlap; a provider starts before its users and stops after them.
 */
export class Catalogue {
  readonly #hosts: readonly PluginHost[]
  readonly #rejected: readonly Rejected[]
  readonly #bySegment = new Map<string, PluginHost>()
  readonly #wanted: (feature: string | undefined) => boolean
  readonly #drainMs: number
  readonly #log: Log
  readonly #parked: (plugin: string) => Promise<void>
  readonly #retries: Retries<PluginHost>
  /** The last start or stop of each plugin, under way or over; they never reject. */
  readonly #turns = new Map<PluginHost, Promise<void>>()
  #stopped = false
  #changes = 0
  #retry: NodeJS.Timeout | undefined

  /** @param hosts in start order: providers before those who use them */
  constructor(parts: {
    readonly hosts: readonly PluginHost[]
    readonly rejected: readonly Rejected[]
    /** True when some tenant has the feature; undefined is on for every tenant. */
    readonly wanted: (feature: string | undefined) => boolean
    readonly drainMs: number
    readonly log: Log
    /** Told when a plugin was stopped because no tenant has it. */
    readonly parked: (plugin: string) => Promise<void>
    /** Pauses before a failed plugin is tried again, in milliseconds; default: 1, 5, then every 30 minutes. */
    readonly retryAfterMs?: readonly number[] | undefined
  }) {
    this.#hosts = parts.hosts
    this.#rejected = parts.rejected
    this.#wanted = parts.wanted
    this.#drainMs = parts.drainMs
    this.#log = parts.log
    this.#parked = parts.parked
    this.#retries = new Retries(parts.retryAfterMs)
    for (const host of parts.hosts) for (const segment of host.plugin.segments) this.#bySegment.set(segment, host)
  }

  /** Rises whenever a plugin starts or stops: what is built from the running plugins is built anew then. */
  get changes(): number {
    return this.#changes
  }

  get hosts(): readonly PluginHost[] {
    return this.#hosts
  }

  get plugins(): readonly AnyPlugin[] {
    return this.#hosts.map(host => host.plugin)
  }

  /** Who owns a path segment, running or not. */
  owner(segment: string): PluginHost | undefined {
    return this.#bySegment.get(segment)
  }

  byName(name: string): PluginHost | undefined {
    return this.#hosts.find(host => host.plugin.name === name)
  }

  /** The running provider of a service. */
  provider(refId: string): { readonly host: PluginHost; readonly service: string } | undefined {
    for (const host of this.#hosts) {
      if (host.state !== 'running') continue
      for (const [service, ref] of Object.entries(host.plugin.offers ?? {})) {
        if (ref.id === refId) return { host, service }
      }
    }
    return undefined
  }

  /** Every plugin that was found, with its state, for operators. */
  summary(): PluginSummary[] {
    return [
      ...this.#hosts.map(({ plugin, state, error }) => ({
        name: plugin.name,
        version: plugin.version,
        title: plugin.title,
        feature: plugin.feature ?? null,
        state,
        ...(error ? { reason: error.message } : {}),
      })),
      ...this.#rejected.map(({ source, reason }) => ({
        name: source,
        version: '',
        title: '',
        feature: null,
        state: 'rejected',
        reason,
      })),
    ]
  }

  /** Names of plugins that should run and do not. */
  get broken(): string[] {
    return [
      ...this.#hosts.filter(host => host.state === 'failed' || host.state === 'blocked').map(host => host.plugin.name),
      ...this.#rejected.map(({ source }) => source),
    ]
  }

  /**
   * Brings the running plugins in line with what the tenants have. Resolves when all are: one that hangs in its `setup`
   * holds up nobody but those that use it, and whoever waits here.
   */
  async reconcile(): Promise<void> {
    if (this.#stopped) return
    const needed = this.#needed()
    const turns = new Map<PluginHost, Promise<void>>()
    const after = (hosts: readonly PluginHost[]): Promise<unknown> => Promise.all(hosts.map(host => turns.get(host)))
    const take = (host: PluginHost, others: readonly PluginHost[], work: () => Promise<void>): void => {
      const turn = Promise.all([this.#turns.get(host), after(others)])
        .then(work)
        .catch((fault: unknown) => this.#log.error(fault as Error, `plugin ${host.plugin.name} is left as it is`))
      turns.set(host, turn)
      this.#turns.set(host, turn)
    }
    for (const host of this.#hosts.toReversed()) {
      if (!needed.has(host)) take(host, this.#usersOf(host), () => this.#stopUnwanted(host))
    }
    for (const host of this.#hosts) {
      if (needed.has(host)) take(host, this.#providersOf(host), () => this.#startWanted(host))
    }
    await Promise.all(turns.values())
    this.#retryLater()
  }

  /** Stops every plugin, users before providers. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    await Promise.race([Promise.all(this.#turns.values()), pause(this.#drainMs, undefined, { ref: false })])
    for (const host of this.#hosts.toReversed()) await host.stop(this.#drainMs)
  }

  async #stopUnwanted(host: PluginHost): Promise<void> {
    this.#retries.forget(host)
    if (!['running', 'failed', 'blocked'].includes(host.state)) {
      host.wait()
      return
    }
    await host.stop(this.#drainMs)
    await this.#parked(host.plugin.name).catch((fault: unknown) => {
      this.#log.error(fault as Error, `events for the plugin ${host.plugin.name} go on waiting for it`)
    })
    this.#changes += 1
    this.#log.info({ plugin: host.plugin.name }, `plugin ${host.plugin.name} stopped: no tenant has it any more`)
  }

  async #startWanted(host: PluginHost): Promise<void> {
    if (host.state === 'running' || this.#stopped || !this.#retries.isDue(host)) return
    const missing = this.#missingProvider(host)
    if (missing) {
      const reason = `needs the plugin "${missing}", which is not running`
      if (host.state === 'blocked' && host.error?.message === reason) return
      host.block(reason)
    } else {
      if (await host.start()) this.#retries.forget(host)
      else if (!this.#stopped) this.#tellRetry(host, this.#retries.failed(host))
    }
    this.#changes += 1
  }

  #tellRetry({ plugin: { name } }: PluginHost, ms: number): void {
    this.#log.warn({ plugin: name, retry_ms: ms }, `plugin ${name} is tried again in ${Math.ceil(ms / 60_000)} min`)
  }

  #needed(): Set<PluginHost> {
    const needed = new Set<PluginHost>()
    const add = (host: PluginHost): void => {
      if (needed.has(host)) return
      needed.add(host)
      for (const provider of this.#providersOf(host)) add(provider)
    }
    for (const host of this.#hosts) if (this.#wanted(host.plugin.feature)) add(host)
    return needed
  }

  #missingProvider(host: PluginHost): string | undefined {
    for (const ref of Object.values(host.plugin.uses ?? {})) {
      if (!this.provider(ref.id)) {
        return this.#hosts.find(other => offers(other.plugin, ref.id))?.plugin.name ?? ref.id
      }
    }
    return undefined
  }

  #retryLater(): void {
    clearTimeout(this.#retry)
    const { next } = this.#retries
    if (next === undefined || this.#stopped) return
    this.#retry = setTimeout(() => void this.reconcile(), Math.ceil(next)).unref()
  }

  #usersOf({ plugin }: PluginHost): PluginHost[] {
    const offered = Object.values(plugin.offers ?? {}).map(({ id }) => id)
    return this.#hosts.filter(other => Object.values(other.plugin.uses ?? {}).some(({ id }) => offered.includes(id)))
  }

  #providersOf({ plugin }: PluginHost): PluginHost[] {
    return Object.values(plugin.uses ?? {}).flatMap(
      ref => this.#hosts.find(other => offers(other.plugin, ref.id)) ?? [],
    )
  }
}

const offers = (plugin: AnyPlugin, refId: string): boolean =>
  Object.values(plugin.offers ?? {}).some(ref => ref.id === refId)
