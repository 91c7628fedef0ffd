import type { AnyPlugin } from '../contract.ts'

/** Plugins in the order in which they can start, and those that cannot, with the reason. */
export interface StartOrder {
  /** Providers before those who use them. */
  readonly ordered: readonly AnyPlugin[]
  readonly refused: ReadonlyMap<string, string>
}

/**
 * Orders plugins by `uses` and `offers` alone: there is no weight or priority to set.
 * Refuses missing providers and cycles with the path that led there, and what depends on something refused.
 */
export function startOrder(plugins: readonly AnyPlugin[]): StartOrder {
  const providers = new Map<string, AnyPlugin>()
  for (const plugin of plugins) {
    for (const ref of Object.values(plugin.offers ?? {})) providers.set(ref.id, plugin)
  }
  const ordered: AnyPlugin[] = []
  const refused = new Map<string, string>()
  const settled = new Set<string>()

  function visit(plugin: AnyPlugin, path: readonly string[]): void {
    if (settled.has(plugin.name)) return
    const at = path.indexOf(plugin.name)
    if (at >= 0) {
      const cycle = [...path.slice(at), plugin.name].join(' -> ')
      for (const name of path.slice(at)) refused.set(name, `uses a plugin that uses it: ${cycle}`)
      return
    }
    const here = [...path, plugin.name]
    for (const ref of Object.values(plugin.uses ?? {})) {
      const provider = providers.get(ref.id)
      if (!provider) {
        refused.set(plugin.name, `${here.join(' -> ')} -> ${ref.id}: no plugin offers this service`)
        continue
      }
      visit(provider, here)
      if (refused.has(provider.name) && !refused.has(plugin.name)) {
        refused.set(plugin.name, `${here.join(' -> ')} -> ${provider.name}: ${refused.get(provider.name)}`)
      }
    }
    settled.add(plugin.name)
    if (!refused.has(plugin.name)) ordered.push(plugin)
  }

  for (const plugin of plugins) visit(plugin, [])
  return { ordered, refused }
}
