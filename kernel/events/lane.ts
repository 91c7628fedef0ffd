/** The lane of events that belong to no tenant. */
export const PLATFORM_LANE = '00000000-0000-0000-0000-000000000000'

/** The lane of a tenant's events, or of the platform's. */
export const laneOf = (tenantId: string | null): string => tenantId ?? PLATFORM_LANE

/** A place in the order of events: everything up to it has been heard. */
export interface Place {
  readonly batch: number
  readonly id: number
}

/** Behind every event of a batch. */
export const endOf = (batch: number): Place => ({ batch, id: Number.MAX_SAFE_INTEGER })

/** One plugin's way through the events of one tenant, as far as it is. */
export interface Lane {
  readonly plugin: string
  readonly lane: string
  readonly after: Place
  /** The newest batch that has something for this lane. */
  readonly wanted: number
  /** Failed attempts at the event that comes next. */
  readonly attempts: number
}

/** An event as it is stored. */
export interface StoredEvent extends Place {
  readonly eventId: string
  readonly event: string
  /** JSON. */
  readonly payload: string
  readonly tenantId: string | undefined
}
