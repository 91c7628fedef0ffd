import { z } from 'zod'
import { problem } from '../errors.ts'
import { jsonOf } from '../http/body.ts'

/** What a client may send around its data. `at` is taken and not looked at: some clients send what they get. */
const Envelope = z.object({
  type: z.string().min(1).max(100),
  data: z.unknown().optional(),
  id: z.string().min(1).max(100).optional(),
  at: z.unknown().optional(),
})

/** A frame as it came, before its data is checked. */
export interface Incoming {
  readonly type: string
  readonly data: unknown
  readonly id: string | undefined
}

/**
 * Reads the envelope of a frame.
 * @throws Problem `malformed` when it is binary, not JSON or no envelope
 */
export function readFrame(bytes: Buffer, binary: boolean): Incoming {
  if (binary) throw problem('malformed', 'Frames are text: JSON in UTF-8.')
  let value: unknown
  try {
    value = jsonOf(bytes.toString('utf8'))
  } catch {
    throw problem('malformed', 'The frame is not JSON.')
  }
  const envelope = Envelope.safeParse(value)
  if (!envelope.success) {
    throw problem(
      'malformed',
      'A frame is {"type": "…", "data": …, "id": "…"}; the id is optional, a text of up to 100.',
    )
  }
  const { type, data, id } = envelope.data
  return { type, data, id }
}
