import { z } from 'zod'
import { equalSecrets, type Problem, problem, reply } from '../../../kernel/contract.ts'
import type { SnapKit } from '../plugin.ts'
import { show } from '../repositories/snap-row.ts'
import { boundaryOf, MultipartForm } from '../services/multipart.ts'
import type { Incoming } from '../services/publisher.ts'
import { Declaration, NamedVersion, PartOfDeclaration, Snap, SnapChannel } from '../snap.ts'
import type { BlobStore } from '../stores/blob-store.ts'

/** What the fields of a form may take beside the file. */
const FORM_BYTES = 65_536
const HEADER = 'X-Snap-Publish-Token'

const RELEASE = z.strictObject({ channel: SnapChannel })

/** Publishing and releasing, for a pipeline that holds the token. */
export function publishRoutes(kit: SnapKit, store: BlobStore): void {
  const { SNAP_PUBLISH_TOKEN, SNAP_MAX_BYTES } = kit.config

  function requireToken(given: string): void {
    if (SNAP_PUBLISH_TOKEN === undefined) {
      throw problem('publishing_off', 'Nobody can publish here: set SNAP_PUBLISH_TOKEN and restart the server.')
    }
    if (!equalSecrets(given, SNAP_PUBLISH_TOKEN)) throw problem('unauthenticated', `${HEADER} is missing or wrong.`)
  }

  kit.platformRoute('POST /admin/publish', {
    summary: 'Publish a version of a snap',
    description:
      `Needs the header \`${HEADER}\`. The package is the body, with what it is in the query, or the file of a form, with ` +
      'what it is in fields. `X-Content-SHA256` or `sha256` is checked. A version never changes: the same content again is ' +
      'answered with 200 and released to `channel`, other content with 409.',
    access: 'public',
    query: PartOfDeclaration,
    // A form, too, comes as it is sent: the kernel would write its file to the disk before the token is looked at.
    upload: { types: ['application/octet-stream', 'application/vnd.snap', 'multipart/*'] },
    maxBytes: SNAP_MAX_BYTES + FORM_BYTES,
    limit: { perMinute: 60 },
    atomic: false,
    audit: false,
    returns: Snap,
    status: 201,
    async handle({ query, upload }, { publisher }, request) {
      requireToken(request.header(HEADER))
      const digest = request.header('X-Content-SHA256')
      const given = { ...query, ...(digest === '' ? {} : { sha256: digest }) }
      const incoming = upload.type.startsWith('multipart/')
        ? await fromForm(upload.content, boundaryOf(request.header('Content-Type')), given)
        : fromQuery(upload.content, given)
      const { snap, created } = await publisher.publish(store, incoming, SNAP_MAX_BYTES)
      return reply(show(snap), { status: created ? 201 : 200 })
    },
  })

  kit.platformRoute('PATCH /admin/publish/:name/:version', {
    summary: 'Release a published version to a channel',
    description: `Needs the header \`${HEADER}\`. It becomes the latest of the channel, also where a newer one was: that is how one goes back.`,
    access: 'public',
    params: NamedVersion,
    body: RELEASE,
    limit: { perMinute: 60 },
    audit: false,
    returns: Snap,
    async handle({ params, body }, { publisher }, request) {
      requireToken(request.header(HEADER))
      return show(await publisher.release(params.name, params.version, body.channel))
    },
  })
}

type Given = Readonly<Record<string, unknown>>

function fromQuery(content: AsyncIterable<Buffer>, given: Given): Incoming {
  const declared = checked(Declaration, given, 'query')
  return { content, declaration: async () => declared }
}

/** Fields may stand before the file or after it; what stands before it is checked before it is read. */
async function fromForm(body: AsyncIterable<Buffer>, boundary: string, given: Given): Promise<Incoming> {
  const form = new MultipartForm(body, boundary)
  const content = await form.file()
  checked(PartOfDeclaration, { ...given, ...form.fields }, 'body')
  return {
    content,
    async declaration() {
      await form.end()
      return checked(Declaration, { ...given, ...form.fields }, 'body')
    },
  }
}

/** @throws Problem `invalid`, with each fault */
function checked<S extends z.ZodType>(schema: S, value: unknown, place: 'query' | 'body'): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw faulty(result.error, place)
}

function faulty({ issues }: z.ZodError, place: string): Problem {
  const errors = issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.slice(0, 20).map(key => ({ path: `${place}.${key}`, message: 'is not known here' }))
      : [{ path: [place, ...issue.path].join('.'), message: issue.message }],
  )
  return problem('invalid', `${errors[0]?.path}: ${errors[0]?.message}`, { errors })
}
