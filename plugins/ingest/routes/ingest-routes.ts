import { z } from 'zod'
import { deviceKey, edgeChannel } from '../../devices/public.ts'
import { EventBatch } from '../batch.ts'
import type { IngestKit } from '../plugin.ts'
import { Tally } from '../services/tally.ts'

/** Bytes of a batch, unpacked (contract 15.4). */
const LARGEST_BATCH = 1_048_576

/** Where devices send events to: over HTTP, or as frames on their channel. */
export function ingestRoutes(kit: IngestKit): void {
  const tally = new Tally()

  kit.guestRoute('POST /v1/ingest', {
    summary: 'Take a batch of events of a device',
    description:
      'All of it or nothing. 204: it is on disk. 400: `errors` names each event that is wrong by its place in the batch, ' +
      'at most 100 of them. 413: over 1,000 events or 1 MiB, unpacked. 429: `Retry-After` says when to come back. An event ' +
      'may carry an `id`: what comes again under the same one is accepted, and stored once.',
    guests: deviceKey,
    gzip: true,
    maxBytes: LARGEST_BATCH,
    limit: { perMinute: kit.config.INGEST_REQUESTS_PER_MINUTE },
    audit: false,
    body: EventBatch,
    async handle({ body }, { call, ingestService }) {
      await ingestService.accept(body)
      call.db.afterCommit(() => tally.add(body, call.now()))
    },
  })

  kit.frames(edgeChannel, {
    send: { 'ingest.ack': z.strictObject({ number: z.int() }) },
    receive: {
      ingest: {
        summary: 'Takes a batch of events, and acknowledges its number once it is on disk',
        data: z.strictObject({
          number: z.int().min(0).describe("The device's own; it may repeat."),
          events: EventBatch,
        }),
        async handle({ number, events }, { call, ingestService, socket }) {
          await ingestService.accept(events)
          call.db.afterCommit(() => tally.add(events, call.now()))
          socket.send('ingest.ack', { number })
        },
      },
    },
  })

  kit.gauge('events_received', {
    unit: '{event}',
    description: 'Events that this process has taken since it started, by kind.',
    read: async () => [...tally.counts].map(([kind, value]) => ({ value, attributes: { kind } })),
  })
  kit.gauge('event_age', {
    unit: 's',
    description: 'Time since the last batch of events came to this process.',
    read: async ({ call }) =>
      tally.last ? [{ value: Math.max(0, (call.now().getTime() - tally.last.getTime()) / 1000) }] : [],
  })
}
