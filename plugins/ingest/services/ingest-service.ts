import { type Call, problem } from '../../../kernel/contract.ts'
import type { DeviceDirectory } from '../../devices/public.ts'
import { type Batch, type EventFault, MOST_EVENTS, MOST_FAULTS } from '../batch.ts'
import type { EventRepository } from '../repositories/event-repository.ts'
import { announcements, isTold } from './announcements.ts'

/** Devices whose clock is wrong by a time zone are still heard. */
const AHEAD_MS = 86_400_000

interface Dependencies {
  readonly call: Call
  readonly devices: DeviceDirectory
  readonly eventRepository: EventRepository
}

/** Takes what devices send. */
export class IngestService {
  readonly #dependencies: Dependencies

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies
  }

  /**
   * Stores a batch of the device that calls, all of it or nothing, and tells of what others want to hear, in the transaction
   * under way. A repeat of (device, id) is stored and told once.
   * @throws Problem `too_large` for too many events, `malformed` with the faults of each event that is wrong
   */
  async accept(batch: Batch): Promise<void> {
    const { call, devices, eventRepository } = this.#dependencies
    const now = call.now()
    refuseFaults(batch, new Date(now.getTime() + AHEAD_MS).toISOString())
    const fresh = await eventRepository.insert(call.actor.id, batch.events, now)
    const told = fresh.filter(isTold)
    if (told.length === 0) return
    const device = await devices.find(call.actor.id)
    const sender = { device_id: call.actor.id, site_id: device?.site_id ?? null }
    for (const { event, payload } of announcements(told, sender)) await call.emit(event, payload)
  }
}

function refuseFaults({ size, events, faults }: Batch, latest: string): void {
  if (size > MOST_EVENTS) throw problem('too_large', `A batch may have at most ${MOST_EVENTS} events, not ${size}.`)
  const ahead = events.filter(({ timestamp }) => timestamp > latest).map(tooFarAhead)
  if (faults.length === 0 && ahead.length === 0) return
  const all = [...faults, ...ahead].sort((a, b) => a.index - b.index)
  const errors = all.slice(0, MOST_FAULTS).map(({ path, message }) => ({ path, message }))
  const [first] = errors
  const wrong = size - events.length + ahead.length
  throw problem(
    'malformed',
    size === 0
      ? 'The body must be an array of events.'
      : `Nothing was stored: ${wrong} of ${size} events are wrong, first ${first?.path}: ${first?.message}`,
    { errors },
  )
}

const tooFarAhead = ({ index }: { readonly index: number }): EventFault => ({
  index,
  path: `${index}.timestamp`,
  message: 'lies more than a day in the future',
})
