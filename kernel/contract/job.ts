import type { z } from 'zod'
import type { Context, PlatformContext, Refs, ServiceClasses } from './context.ts'
import type { PermissionKey } from './refs.ts'

/** How far a job is. */
export interface Progress {
  readonly done: number
  readonly total?: number
  readonly message?: string
}

interface JobOptions<D extends z.ZodType> {
  /** Schema of the data a run gets; for recurring jobs `{}` must satisfy it. */
  readonly data: D
  /** Run by itself: an interval (`2 hours`) or a cron line, in UTC. */
  readonly every?: string
  /** Times to try again after a failure; default 3, with growing pauses. */
  readonly retries?: number
  /** Milliseconds until a run's signal is aborted; default ten minutes. */
  readonly timeoutMs?: number
}

/** A job that runs for one tenant at a time. */
export interface TenantJob<S extends ServiceClasses, U extends Refs, D extends z.ZodType> extends JobOptions<D> {
  readonly scope: 'tenant'
  /**
   * What `GET /jobs/:id` asks for besides `jobs:read`, because progress and result tell what this permission guards. Who
   * began a run may read it anyway.
   */
  readonly permission?: PermissionKey
  /**
   * True: also queued when the feature of the plugin goes on for a tenant, by a licence that is new, renewed or extended;
   * `{}` must satisfy `data`. What happened while the feature was off, the plugin has not heard of.
   */
  readonly whenOn?: boolean
  run(data: z.output<D>, context: Context<S, U> & { progress(progress: Progress): void }): Promise<unknown>
}

/** A job that belongs to no tenant. */
export interface PlatformJob<S extends ServiceClasses, D extends z.ZodType> extends JobOptions<D> {
  readonly scope: 'platform'
  run(data: z.output<D>, context: PlatformContext<S> & { progress(progress: Progress): void }): Promise<unknown>
}
