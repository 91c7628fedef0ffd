import { z } from 'zod'

/** Channels by rising risk, as snapd orders them; each also offers what the ones before it have. */
export const CHANNELS = ['stable', 'candidate', 'beta', 'edge'] as const

/** The name of a channel. */
export type Channel = (typeof CHANNELS)[number]

/** Lower-case letters, digits and single hyphens inside, with at least one letter (snapd, `snap/naming/validate.go`). */
export const SnapName = z
  .string()
  .min(2)
  .max(40)
  .regex(/^(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/, 'must be the name of a snap: a-z, 0-9 and single hyphens inside')

/** snapd's rule for versions (`snap/validate.go`). */
export const SnapVersion = z
  .string()
  .max(32)
  .regex(/^[a-zA-Z0-9]([a-zA-Z0-9:.+~-]{0,30}[a-zA-Z0-9+~])?$/, 'must be the version of a snap, such as 1.4.0')

/** A channel's name. */
export const SnapChannel = z.enum(CHANNELS)

/** The parts of a path that name a version. */
export const NamedVersion = z.strictObject({ name: SnapName, version: SnapVersion })

const sha256 = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits')

/** What a publisher says of a package, in the query or as fields of the form. */
export const Declaration = z.strictObject({
  name: SnapName,
  version: SnapVersion,
  channel: SnapChannel,
  sha256: sha256.optional().describe('When given, content with another digest is refused.'),
})

/** What a publisher says of a package. */
export type Declaration = z.output<typeof Declaration>

/** As much of it as is known before the content. */
export const PartOfDeclaration = Declaration.partial()

const facts = {
  name: z.string(),
  version: z.string(),
  channel: SnapChannel.describe('Where this version was released last.'),
  size_bytes: z.int(),
  sha256: z.string().describe('Hexadecimal.'),
  sha3_384: z.string().describe("Hexadecimal; snapd's assertions have the same digest in base64url."),
}

/** A published version. */
export const Snap = z
  .strictObject({ id: z.string(), ...facts, created_at: z.string(), released_at: z.string() })
  .meta({ id: 'Snap' })

/** A published version. */
export type Snap = z.output<typeof Snap>

/** A version as a device gets it offered. */
export const SnapOffer = z
  .strictObject({
    ...facts,
    download_url: z.string().describe('For a plain GET, without further credentials; takes `Range`.'),
    download_expires_at: z.string().describe('A download that has begun by then may go on.'),
  })
  .meta({ id: 'SnapOffer' })

/** A version as a device gets it offered. */
export type SnapOffer = z.output<typeof SnapOffer>

/** The file's name as snapd writes it. */
export const fileNameOf = ({ name, version }: Pick<Snap, 'name' | 'version'>): string =>
  `${name}_${version.replaceAll(':', '_')}.snap`
