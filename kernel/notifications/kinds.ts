import type { AnyPlugin } from '../contract.ts'

/** Something that a plugin tells users of. */
export interface NoticeKind {
  /** `<plugin>.<kind>` */
  readonly kind: string
  readonly plugin_title: string
  readonly title: string
  /** Whether it comes by mail, too, to those who have not said otherwise. */
  readonly mail: boolean
}

/** What the plugins that are on for a tenant tell of, by kind. */
export type KindsOf = (tenantId: string) => ReadonlyMap<string, NoticeKind>

/** What these plugins tell of, in the order of plugins' titles. */
export function kindsOf(plugins: Iterable<Pick<AnyPlugin, 'name' | 'title' | 'notices'>>): Map<string, NoticeKind> {
  const kinds = [...plugins].flatMap(({ name, title: plugin_title, notices = {} }) =>
    Object.entries(notices).map(([kind, { title, mail }]) => ({ kind: `${name}.${kind}`, plugin_title, title, mail })),
  )
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  kinds.sort((a, b) => compare(a.plugin_title, b.plugin_title) || compare(a.kind, b.kind))
  return new Map(kinds.map(kind => [kind.kind, kind]))
}
