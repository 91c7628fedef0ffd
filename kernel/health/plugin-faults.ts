import path from 'node:path'
import type { Catalogue } from '../plugins/catalogue.ts'
import type { PluginHost } from '../plugins/host.ts'

/** Something that is wrong. Anybody may see name and state; the reason is for operators. */
export interface Fault {
  readonly name: string
  readonly state: string
  readonly reason: string
}

/** What is wrong with a plugin: it does not run, or its own check fails (`degraded`). */
export async function pluginFault(host: PluginHost): Promise<Fault | undefined> {
  const { name } = host.plugin
  if (host.state !== 'running') return { name, state: host.state, reason: host.error?.message ?? host.state }
  const reason = await host.health()
  return reason === undefined ? undefined : { name, state: 'degraded', reason }
}

/** What is wrong with the plugins that were found. One that no tenant has needs nothing, so nothing is wrong with it. */
export async function pluginFaults(catalogue: Catalogue): Promise<Fault[]> {
  const broken = new Set(catalogue.broken)
  const rejected = catalogue
    .summary()
    .filter(({ name, state }) => state === 'rejected' && broken.has(name))
    .map(({ name, reason = 'rejected' }) => ({ name: shortName(name), state: 'rejected', reason }))
  const concerned = catalogue.hosts.filter(host => host.state === 'running' || broken.has(host.plugin.name))
  const checked = await Promise.all(concerned.map(pluginFault))
  return [...checked.filter(fault => fault !== undefined), ...rejected]
}

/** `sites` of `plugins/sites/plugin.ts`: where a plugin lies on the disk is nobody's business. */
function shortName(source: string): string {
  return /^plugin\.[jt]s$/.test(path.basename(source)) ? path.basename(path.dirname(source)) : source
}
