import type { AnyPlugin, ServiceRef } from '../contract.ts'
import { type FakeGuests, type FakesFor, fakeProviders, guestsPlugin } from './fakes.ts'
import { startTestKernel, type TestKernel, type TestKernelOptions } from './test-kernel.ts'

type UsesOf<D> = D extends { readonly uses?: infer U } ? NonNullable<U> : never
type Refs = Readonly<Record<string, ServiceRef<unknown>>>

interface TestPluginOptions<U extends Refs> extends Omit<TestKernelOptions, 'plugins'> {
  /** Stand-ins for what the plugin uses; the compiler asks for each. */
  readonly fakes?: FakesFor<U>
  /** Who the guests are that another plugin knows: `[[deviceKey, async key => …]]`. */
  readonly guests?: readonly FakeGuests[]
}

/**
 * One plugin alone: on a database in memory, with two tenants, stand-ins for the services it uses, requests without a
 * port, and a clock to move.
 * @example
 * await using t = await testPlugin(assets, { fakes: { sites: noSites } })
 * const { status } = await (await t.as('a', ['assets:read'])).get('/assets')
 */
export function testPlugin<D extends { readonly name: string }>(
  plugin: D,
  options: TestPluginOptions<UsesOf<D> extends Refs ? UsesOf<D> : Refs> = {},
): Promise<TestKernel> {
  const tested = plugin as unknown as AnyPlugin
  const fakes = fakeProviders(tested.uses ?? {}, (options.fakes ?? {}) as Record<string, object>)
  const guests = (options.guests ?? []).map(fake => guestsPlugin(...fake))
  return startTestKernel({ ...options, plugins: [...fakes, ...guests, tested] })
}
