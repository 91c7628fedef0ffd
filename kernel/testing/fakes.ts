import {
  type AnyPlugin,
  definePlugin,
  type Guest,
  type GuestRef,
  type ServiceRef,
  type TenantRetention,
  tenantRetention,
  type UserDirectory,
  userDirectory,
} from '../contract.ts'

/** Services of the kernel: they are there in every test, with the users that the test has. */
const OF_KERNEL: ReadonlySet<string> = new Set([userDirectory.id, tenantRetention.id])

/** Stand-ins for the services of other plugins that a plugin uses, by the names in its `uses`. */
export type FakesFor<U extends Readonly<Record<string, ServiceRef<unknown>>>> = {
  readonly [K in keyof U as U[K] extends ServiceRef<UserDirectory> | ServiceRef<TenantRetention>
    ? never
    : K]: U[K] extends ServiceRef<infer T> ? T : never
}

/** A plugin that offers the stand-ins, so that the one under test gets them the way it gets the real ones. */
export function fakeProviders(
  uses: Readonly<Record<string, ServiceRef<unknown>>>,
  fakes: Readonly<Record<string, object>>,
): AnyPlugin[] {
  const others = Object.entries(uses).filter(([, ref]) => !OF_KERNEL.has(ref.id))
  return others.map(([name, ref], index) => {
    const fake = fakes[name]
    if (!fake) throw new Error(`testPlugin: the plugin uses "${name}" (${ref.id}); give a stand-in for it in "fakes"`)
    const Fake = new Proxy(class {}, { construct: () => fake })
    return definePlugin({
      name: `fake-${index}`,
      version: '1.0.0',
      title: `Stand-in for ${ref.id}`,
      segments: [],
      offers: { fake: ref },
      services: { fake: Fake },
      setup: () => undefined,
    }) as unknown as AnyPlugin
  })
}

/** Says who is behind a credential, in place of the plugin that knows it. */
export type FakeGuests = readonly [ref: GuestRef, authenticate: (credential: string) => Promise<Guest | undefined>]

/** A plugin that knows guests, for tests of one that is for guests of another plugin. */
export const guestsPlugin = (...[ref, authenticate]: FakeGuests): AnyPlugin =>
  definePlugin({
    name: `fake-${ref.id.replaceAll('.', '-')}`,
    version: '1.0.0',
    title: `Stand-in for ${ref.id}`,
    segments: [],
    setup: kit => kit.guests(ref, authenticate),
  }) as unknown as AnyPlugin
