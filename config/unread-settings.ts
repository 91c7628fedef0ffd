import type { Environment } from './parse-settings.ts'

/** Settings of the product whose part of it is not in this version. A name leaves this list when a schema takes it. */
export const laterSettings: readonly string[] = ['MAINTENANCE_NOTIFY_TICKER_MINUTES']

/** Those of them that are set, so that a start can say that they have no effect. */
export const unreadSettings = (env: Environment): readonly string[] =>
  laterSettings.filter(name => (env[name]?.trim() ?? '') !== '')
