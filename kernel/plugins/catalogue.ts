import type { AnyPlugin } from '../contract.ts'
import type { Log } from '../log/log.ts'
import type { Rejected } from './discover.ts'
import type { PluginHost } from './host.ts'

const RETRY_FAILED_MS = 30_000

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
 * has any more; calls queue up, so starts and stops never overlap.
 */
export class Catalogue {
  readonly #hosts: readonly PluginHost[]
  readonly #rejected: readonly Rejected[]
  readonly #bySegment = new Map<string, PluginHost>()
  readonly #wanted: (feature: string | undefined) => boolean
  readonly #drainMs: number
  readonly #log: Log
  readonly #parked: (plugin: string) => Promise<void>
  #queue: Promise<void> = Promise.resolve()
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
  }) {
    this.#hosts = parts.hosts
    this.#rejected = parts.rejected
    this.#wanted = parts.wanted
    this.#drainMs = parts.drainMs
    this.#log = parts.log
    this.#parked = parts.parked
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

  /** Brings the running plugins in line with what the tenants have. */
  reconcile(): Promise<void> {
    this.#queue = this.#queue.catch(() => undefined).then(() => this.#reconcile())
    return this.#queue
  }

  /** Stops every plugin, users before providers. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#queue
    for (const host of this.#hosts.toReversed()) await host.stop(this.#drainMs)
  }

  async #reconcile(): Promise<void> {
    const needed = this.#needed()
    for (const host of this.#hosts.toReversed()) {
      if (!needed.has(host) && ['running', 'failed', 'blocked'].includes(host.state)) {
        await host.stop(this.#drainMs)
        await this.#parked(host.plugin.name).catch((fault: unknown) => {
          this.#log.error(fault as Error, `events for the plugin ${host.plugin.name} go on waiting for it`)
        })
        this.#changes += 1
        this.#log.info({ plugin: host.plugin.name }, `plugin ${host.plugin.name} stopped: no tenant has it any more`)
      }
    }
    for (const host of this.#hosts) {
      if (!needed.has(host)) host.wait()
      if (!needed.has(host) || host.state === 'running') continue
      const missing = this.#missingProvider(host)
      if (missing) host.block(`needs the plugin "${missing}", which is not running`)
      else await host.start()
      this.#changes += 1
    }
    this.#retryLater()
  }

  #needed(): Set<PluginHost> {
    const needed = new Set<PluginHost>()
    const add = (host: PluginHost): void => {
      if (needed.has(host)) return
      needed.add(host)
      for (const ref of Object.values(host.plugin.uses ?? {})) {
        const provider = this.#hosts.find(other => offers(other.plugin, ref.id))
        if (provider) add(provider)
      }
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
    if (!this.#hosts.some(host => host.state === 'failed' || host.state === 'blocked')) return
    this.#retry = setTimeout(() => void this.reconcile(), RETRY_FAILED_MS)
    this.#retry.unref()
  }
}

const offers = (plugin: AnyPlugin, refId: string): boolean =>
  Object.values(plugin.offers ?? {}).some(ref => ref.id === refId)
