import { type AnyPlugin, definePlugin, type Kit, type PluginDescriptor } from '../../../kernel/contract.ts'

/** A kit whose types are forgotten. */
export type AnyKit = Kit<string, unknown, Record<never, never>, Record<never, never>, Record<never, never>>

/** A plugin of a test: what it does not say is as small as can be. Its name is its segment. */
export const smallPlugin = (
  name: string,
  setup: (kit: AnyKit) => void | Promise<void>,
  more: Partial<Omit<PluginDescriptor, 'name' | 'setup'>> = {},
): AnyPlugin =>
  definePlugin({
    name,
    version: '1.0.0',
    title: name,
    segments: [name],
    ...more,
    setup: kit => setup(kit as unknown as AnyKit),
  } as PluginDescriptor) as unknown as AnyPlugin

/** A promise that a test resolves when it likes, and one that tells the test that somebody waits for it. */
export interface Hold {
  readonly entered: Promise<void>
  release(): void
  wait(): Promise<void>
}

/** Makes a hold. */
export function hold(): Hold {
  const entered = Promise.withResolvers<void>()
  const until = Promise.withResolvers<void>()
  return {
    entered: entered.promise,
    release: until.resolve,
    wait() {
      entered.resolve()
      return until.promise
    },
  }
}
