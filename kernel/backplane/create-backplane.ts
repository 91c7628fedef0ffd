import type { Log } from '../log/log.ts'
import type { Backplane } from './backplane.ts'
import { InProcessBackplane } from './in-process-backplane.ts'
import { RedisBackplane, type RedisTiming } from './redis-backplane.ts'

/** The settings that say how instances reach each other (see `config/schema.ts`). */
export interface BackplaneSettings {
  readonly REDIS_URL?: string | undefined
  readonly REDIS_PREFIX: string
}

/** Redis where the settings name one, else for one instance alone. Nothing is reached before `open`. */
export function createBackplane(
  { REDIS_URL: url, REDIS_PREFIX: prefix }: BackplaneSettings,
  log: Log,
  timing: Partial<RedisTiming> = {},
): Backplane {
  return url === undefined ? new InProcessBackplane() : new RedisBackplane({ url, prefix, log, timing })
}
