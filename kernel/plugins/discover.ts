import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import type { AnyPlugin } from '../contract.ts'
import { StartFault } from '../start-fault.ts'
import { BUNDLED_PLUGINS } from './bundled.ts'
import { letPluginsImportByName } from './import-by-name.ts'

/** A plugin that was found, with where it was found. */
export interface Found {
  readonly source: string
  readonly plugin: AnyPlugin
}

/** A folder or package that holds no usable plugin, with what is wrong with it. */
export interface Rejected {
  readonly source: string
  readonly reason: string
}

const kebab = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'must be kebab-case')
/** `internal`, `v1`, `admin` and `settings` are shared by plugins: what they own is one below. */
const SEGMENT = /^((internal|v1|admin|settings)\/[a-z][a-z0-9-]*|(?!(internal|v1|admin|settings)$)[a-z][a-z0-9-]*)$/
/** Characters of `<plugin>.<kind>`, as a notification keeps it. */
const LONGEST_KIND = 100
const descriptor = z.object({
  name: kebab,
  version: z.string().regex(/^\d+\.\d+\.\d+/, 'must be a version such as 1.0.0'),
  title: z.string().min(1),
  feature: kebab.optional(),
  segments: z.array(
    z.string().regex(SEGMENT, 'must be a path segment such as "assets", "v1/ingest" or "admin/publish"'),
  ),
  permissions: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z]+)?:[a-z][a-z0-9-]*$/, 'must be "resource:action"'), z.string())
    .optional(),
  notices: z
    .record(
      kebab,
      z.object({
        title: z.string().trim().min(1, 'must be a line that says what it tells of').max(200),
        mail: z.boolean(),
      }),
    )
    .optional(),
  setup: z.function(),
})

/**
 * Finds plugins: `plugin.ts` (or `.js`) in each subfolder of `folders`, and the default export of each package.
 * One that cannot be loaded is reported and does not keep the others from loading.
 */
export async function discover(
  folders: readonly string[],
  packages: readonly string[],
): Promise<{ readonly found: readonly Found[]; readonly rejected: readonly Rejected[] }> {
  const found: Found[] = []
  const rejected: Rejected[] = []
  if (packages.length > 0 || folders.some(folder => path.resolve(folder) !== BUNDLED_PLUGINS)) letPluginsImportByName()
  const candidates = [
    ...(await Promise.all(folders.map(entries))).flat(),
    ...packages.map(name => ({ source: name, url: name })),
  ]
  for (const { source, url } of candidates) {
    try {
      const loaded: unknown = await import(url)
      found.push({ source, plugin: check((loaded as { default?: unknown }).default) })
    } catch (error) {
      rejected.push({ source, reason: reasonOf(error) })
    }
  }
  return { found, rejected }
}

/**
 * Refuses what two plugins both claim: names, path segments, permissions, services.
 * The first one found keeps its claim.
 */
export function withoutClashes(candidates: readonly Found[]): {
  readonly found: readonly Found[]
  readonly rejected: readonly Rejected[]
} {
  const owners = new Map<string, string>()
  const found: Found[] = []
  const rejected: Rejected[] = []
  for (const candidate of candidates) {
    const { plugin, source } = candidate
    const claims = [
      `name "${plugin.name}"`,
      ...plugin.segments.map(segment => `segment "${segment}"`),
      ...Object.keys(plugin.permissions ?? {}).map(key => `permission "${key}"`),
      ...Object.values(plugin.offers ?? {}).map(ref => `service "${ref.id}"`),
    ]
    const taken = claims.find(claim => owners.has(claim))
    if (taken) {
      rejected.push({ source, reason: `${taken} already belongs to ${owners.get(taken)}` })
      continue
    }
    for (const claim of claims) owners.set(claim, source)
    found.push(candidate)
  }
  return { found, rejected }
}

async function entries(folder: string): Promise<{ source: string; url: string }[]> {
  const children = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (!children) throw new StartFault(`plugin folder ${folder} cannot be read; check PLUGIN_DIRS`)
  const files = await Promise.all(
    children
      .filter(child => child.isDirectory())
      .map(async child => {
        for (const name of ['plugin.ts', 'plugin.js']) {
          const file = path.resolve(folder, child.name, name)
          if (
            await stat(file).then(
              found => found.isFile(),
              () => false,
            )
          ) {
            return { source: path.relative(process.cwd(), file), url: pathToFileURL(file).href }
          }
        }
        return undefined
      }),
  )
  return files.filter(file => file !== undefined).sort((a, b) => (a.source < b.source ? -1 : 1))
}

function check(candidate: unknown): AnyPlugin {
  if (typeof candidate !== 'object' || candidate === null) {
    throw new Error('has no default export made by definePlugin()')
  }
  const result = descriptor.safeParse(candidate)
  if (!result.success) {
    throw new Error(
      result.error.issues.map(issue => `${issue.path.join('.') || 'descriptor'} ${messageOf(issue)}`).join('; '),
    )
  }
  const plugin = candidate as AnyPlugin
  const missing = Object.keys(plugin.offers ?? {}).filter(name => !Object.hasOwn(plugin.services ?? {}, name))
  if (missing.length > 0) throw new Error(missing.map(name => `offers.${name} is not one of its services`).join('; '))
  const long = Object.keys(plugin.notices ?? {}).find(kind => plugin.name.length + kind.length >= LONGEST_KIND)
  if (long !== undefined)
    throw new Error(`notices.${long} is too long: at most ${LONGEST_KIND} characters, with its name`)
  return plugin
}

/** Of a key that is not taken, what is wrong with it. */
const messageOf = (issue: z.core.$ZodIssue): string =>
  (issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined) ?? issue.message

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error ? error.code : undefined
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return `${error.message}. Only types that can be erased are allowed: no enum, namespace, decorator or parameter property.`
  }
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING') {
    return 'a plugin in node_modules must be shipped as JavaScript'
  }
  return error.message
}
