import { Readable } from 'node:stream'

interface ReplyOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** Media type of a streamed body. */
  readonly type?: string
  /** Revision of the record, becomes the ETag. */
  readonly revision?: number
}

/** An answer that is more than its JSON body. */
export class Reply {
  readonly body: unknown
  readonly options: ReplyOptions

  constructor(body: unknown, options: ReplyOptions) {
    this.body = body
    this.options = options
  }
}

/** An answer with a status, headers or a stream of its own. */
export const reply = (body: unknown, options: ReplyOptions): Reply => new Reply(body, options)

/** A single record with the revision that `If-Match` takes back. */
export const etagReply = (body: unknown, revision: number, status?: number): Reply =>
  new Reply(body, status === undefined ? { revision } : { revision, status })

/** A file that is written while it is read from the database. */
export const csvReply = (rows: AsyncIterable<string>, filename: string): Reply =>
  new Reply(Readable.from(rows), {
    type: 'text/csv; charset=utf-8',
    headers: { 'Content-Disposition': `attachment; filename="${filename}"` },
  })
