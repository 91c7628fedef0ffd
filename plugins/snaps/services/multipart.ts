import { problem } from '../../../kernel/contract.ts'

const LONGEST_HEADERS = 8_192
const LONGEST_FIELD = 1_000
const MOST_FIELDS = 20
const BREAK = Buffer.from('\r\n')
const END_OF_HEADERS = Buffer.from('\r\n\r\n')
const NOTHING = Buffer.alloc(0)

/**
 * The boundary in a `Content-Type: multipart/form-data; boundary=…`.
 * @throws Problem `malformed`
 */
export function boundaryOf(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? []
  const boundary = quoted ?? plain
  if (boundary === undefined) throw malformed('names no boundary')
  return boundary
}

/**
 * A form (RFC 7578) with one file, read as it comes in: nothing but short fields is kept, on no disk and in no memory.
 * First `file()`, all of that, then `end()`.
 */
export class MultipartForm {
  /** The text fields that have come so far. */
  readonly fields: Record<string, string> = {}
  readonly #delimiter: Buffer
  readonly #source: AsyncIterator<Buffer>
  #held: Buffer = NOTHING
  #began = false

  constructor(content: AsyncIterable<Buffer>, boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`)
    this.#source = content[Symbol.asyncIterator]()
  }

  /**
   * Reads up to the file.
   * @returns its content
   * @throws Problem `malformed`; `invalid` without a file; `too_large` for fields that are long or many
   */
  async file(): Promise<AsyncIterable<Buffer>> {
    while (await this.#nextPart()) {
      const { name, isFile } = dispositionOf(await this.#upTo(END_OF_HEADERS, LONGEST_HEADERS))
      if (isFile) return this.#content()
      await this.#field(name)
    }
    throw refused('has no file')
  }

  /** Reads what follows the file. */
  async end(): Promise<void> {
    while (await this.#nextPart()) {
      const { name, isFile } = dispositionOf(await this.#upTo(END_OF_HEADERS, LONGEST_HEADERS))
      if (isFile) throw refused('has more than one file')
      await this.#field(name)
    }
  }

  async #field(name: string): Promise<void> {
    if (Object.keys(this.fields).length >= MOST_FIELDS) throw tooMuch()
    this.fields[name] = (await this.#upTo(this.#delimiter, LONGEST_FIELD)).toString('utf8')
  }

  /** Goes past a delimiter: true when a part follows, false at the end of the form. */
  async #nextPart(): Promise<boolean> {
    if (!this.#began) {
      this.#began = true
      // The first delimiter may be the very beginning, without a line break.
      this.#held = BREAK
      await this.#upTo(this.#delimiter, LONGEST_HEADERS)
    }
    const rest = await this.#upTo(BREAK, LONGEST_HEADERS, true)
    return !rest.subarray(0, 2).equals(Buffer.from('--'))
  }

  /** Everything before `mark`, which is passed over, too. @param orEnd the end of the form will do */
  async #upTo(mark: Buffer, limit: number, orEnd = false): Promise<Buffer> {
    for (let from = 0; ; ) {
      const at = this.#held.indexOf(mark, from)
      if (at > limit || (at < 0 && this.#held.length > limit + mark.length)) throw tooMuch()
      if (at >= 0) return this.#take(at, mark.length)
      from = Math.max(0, this.#held.length - mark.length + 1)
      if (await this.#more()) continue
      if (orEnd && this.#held.subarray(0, 2).equals(Buffer.from('--'))) return this.#take(this.#held.length, 0)
      throw malformed('is cut off')
    }
  }

  async *#content(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const at = this.#held.indexOf(this.#delimiter)
      if (at >= 0) {
        const last = this.#take(at, this.#delimiter.length)
        if (last.length > 0) yield last
        return
      }
      // What may be the beginning of a delimiter waits for what follows.
      const safe = this.#held.length - this.#delimiter.length + 1
      if (safe > 0) yield this.#take(safe, 0)
      if (!(await this.#more())) throw malformed('is cut off')
    }
  }

  #take(length: number, skip: number): Buffer {
    const taken = this.#held.subarray(0, length)
    this.#held = this.#held.subarray(length + skip)
    return taken
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#source.next()
    if (done) return false
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value])
    return true
  }
}

function dispositionOf(headers: Buffer): { readonly name: string; readonly isFile: boolean } {
  const line = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(headers.toString('utf8'))?.[1]
  const name = line && /(?:^|[;\s])name="([^"]{0,200})"/i.exec(line)?.[1]
  if (line === undefined || name === undefined || name === '') throw malformed('has a part without a name')
  return { name, isFile: /(?:^|[;\s])filename\*?=/i.test(line) }
}

const malformed = (what: string) => problem('malformed', `The multipart form ${what}.`)
const tooMuch = () => problem('too_large', 'The form may have a file and few short fields.')
const refused = (message: string) => problem('invalid', `The form ${message}.`, { errors: [{ path: 'body', message }] })
