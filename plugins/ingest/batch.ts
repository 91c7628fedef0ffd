import { z } from 'zod'
import { isDeeperThan } from '../../kernel/contract.ts'
import { storedId } from './event-id.ts'
import { type DataOf, type EventKind, eventKinds, kindNames } from './event-kinds.ts'

/** Most events of a batch. */
export const MOST_EVENTS = 1000
/** Most faults that are told of a batch. */
export const MOST_FAULTS = 100
/** Most characters of an event's `data` as JSON. */
export const LARGEST_DATA = 65_536
/** Most levels of an event's `data`. */
const DEEPEST = 32
const EMPTY = '{}'

/** An event of a batch that can be stored. */
export interface ReceivedEvent<K extends EventKind = EventKind> {
  /** Its place in the batch. */
  readonly index: number
  /** The device's own id for it, as it is stored. */
  readonly eventId: string | null
  readonly kind: K
  /** ISO 8601 in UTC. */
  readonly timestamp: string
  readonly data: DataOf<K>
  /** `data` as JSON. */
  readonly json: string
}

/** What is wrong with an event: `3.data.ip`. */
export interface EventFault {
  readonly index: number
  readonly path: string
  readonly message: string
}

/** A batch that was looked through. */
export interface Batch {
  /** How many events it had. */
  readonly size: number
  /** Those that can be stored. */
  readonly events: readonly ReceivedEvent[]
  /** What is wrong with the others, at most `MOST_FAULTS`. */
  readonly faults: readonly EventFault[]
}

const EARLIEST = '2000-01-01T00:00:00.000Z'
/** As we store it; the days that not every month has take the long way. */
const CANONICAL = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3])(:[0-5]\d){2}\.\d{3}Z$/
const ISO_TIME = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
const ID = /^(?! )[^\p{Cc}\p{Cs}]{1,100}(?<! )$/u
/** The same, quicker. */
const ASCII_ID = /^[!-~]([ -~]{0,98}[!-~])?$/
const FIELDS = new Set(['kind', 'timestamp', 'data', 'id'])

const envelopes = kindNames.map(kind =>
  z.object({
    kind: z.literal(kind),
    timestamp: z.iso.datetime({ offset: true }).describe('ISO 8601, at most a day ahead.'),
    data: eventKinds[kind],
    id: z.string().min(1).max(100).nullish().describe("The device's own id: a repeat is stored once."),
  }),
)
/** Only describes: the API documentation is made of it. */
const described = z.array(z.union(envelopes)).max(MOST_EVENTS)
const { $schema: _, ...documentation } = z.toJSONSchema(described, { io: 'input', unrepresentable: 'any' })

/**
 * A batch of events as a device sends it. Whatever it is, it passes, and says itself what is wrong with it: each event is
 * told apart by its place, and all of it is answered with one status.
 */
export const EventBatch = z.unknown().meta(documentation).transform(readBatch)

/** Looks through what a device sent. */
export function readBatch(value: unknown): Batch {
  const batch = { size: 0, events: [] as ReceivedEvent[], faults: [] as EventFault[] }
  if (!Array.isArray(value)) {
    batch.faults.push({ index: -1, path: '', message: 'must be an array of events' })
    return batch
  }
  batch.size = value.length
  if (value.length > MOST_EVENTS) return batch
  for (let index = 0; index < value.length; index++) {
    const event = readEvent(value[index], index)
    if (event) batch.events.push(event)
    else if (batch.faults.length < MOST_FAULTS) batch.faults.push(...faultsOf(value[index], index))
  }
  return batch
}

/** The event, or undefined when anything is wrong with it: then `faultsOf` says what. */
function readEvent(value: unknown, index: number): ReceivedEvent | undefined {
  if (!isRecord(value)) return undefined
  for (const field in value) if (!FIELDS.has(field)) return undefined
  const { kind, timestamp, data, id } = value
  const time = readTime(timestamp)
  const eventId = readId(id)
  if (time === undefined || eventId === undefined || !isKind(kind)) return undefined
  if (!eventKinds[kind].safeParse(data).success) return undefined
  const json = written(data)
  if (json === undefined || json === EMPTY || json.length > LARGEST_DATA) return undefined
  if (isDeeperThan(data, DEEPEST)) return undefined
  return { index, eventId, kind, timestamp: time, data: data as DataOf<EventKind>, json }
}

function faultsOf(value: unknown, index: number): EventFault[] {
  const faults: EventFault[] = []
  const fault = (path: string, message: string): void => {
    if (faults.length < MOST_FAULTS) faults.push({ index, path: path ? `${index}.${path}` : String(index), message })
  }
  if (!isRecord(value)) {
    fault('', 'must be an object')
    return faults
  }
  const { kind, timestamp, data, id } = value
  for (const field in value) if (!FIELDS.has(field)) fault(field.slice(0, 100), 'is not known here')
  if (readTime(timestamp) === undefined) {
    fault('timestamp', 'must be an ISO 8601 time with Z or an offset, since the year 2000')
  }
  if (readId(id) === undefined) fault('id', 'must be 1 to 100 characters on one line, without a blank at either end')
  if (!isKind(kind)) {
    fault('kind', `must be one of ${kindNames.join(', ')}`)
    return faults
  }
  const { error } = eventKinds[kind].safeParse(data)
  for (const { path, message } of error?.issues ?? []) fault(['data', ...path].join('.'), message)
  if (error) return faults
  const json = written(data)
  if (json === EMPTY) fault('data', 'must not be empty')
  else if (json !== undefined && json.length > LARGEST_DATA) {
    fault('data', `may have at most ${LARGEST_DATA} characters as JSON`)
  } else if (isDeeperThan(data, DEEPEST)) fault('data', `may have at most ${DEEPEST} levels`)
  return faults
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The JSON of what came as JSON; undefined where it has more levels than there is a stack for. */
function written(data: unknown): string | undefined {
  try {
    return JSON.stringify(data)
  } catch {
    return undefined
  }
}

/** The id as it is stored, null where there is none; undefined for what is no id. */
function readId(id: unknown): string | null | undefined {
  if (id === undefined || id === null) return null
  return typeof id === 'string' && (ASCII_ID.test(id) || ID.test(id)) ? storedId(id) : undefined
}

const isKind = (kind: unknown): kind is EventKind => typeof kind === 'string' && Object.hasOwn(eventKinds, kind)

/** The time in UTC as it is stored; undefined for what is none, or is before the year 2000. */
function readTime(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const time = CANONICAL.test(value) ? value : convert(value)
  return time !== undefined && time >= EARLIEST ? time : undefined
}

function convert(text: string): string | undefined {
  const [, year, month, day] = ISO_TIME.exec(text) ?? []
  const ms = Date.parse(text)
  if (day === undefined || Number.isNaN(ms)) return undefined
  // Date.parse takes 30 February for 2 March.
  const days = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()
  return Number(day) <= days ? new Date(ms).toISOString() : undefined
}
