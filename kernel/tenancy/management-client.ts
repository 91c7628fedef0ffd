import { problem } from '../errors.ts'
import { parse } from '../http/input.ts'
import { type Licence, licence } from './licences.ts'

/** Longest wait for an answer with all of its body (contract 15.1). */
const TIMEOUT_MS = 3_000
/** A licence is some hundred bytes. */
const LONGEST_BODY = 64 * 1024

/** What Management says when it is asked. */
export type ManagementAnswer =
  | { readonly kind: 'licence'; readonly licence: Licence }
  /** It knows no licence of this tenant. */
  | { readonly kind: 'none' }
  /** It answered, but not with a licence of this tenant. */
  | { readonly kind: 'unusable'; readonly reason: string }

/** Management did not answer, or something else did in its place; the message says what, for operators. */
export class ManagementUnreachable extends Error {
  override readonly name = 'ManagementUnreachable'
}

/** Asks Management for licences (contract 7.2). */
export class ManagementClient {
  readonly #base: string
  readonly #token: string
  readonly #timeoutMs: number

  /**
   * @param base MANAGEMENT_API_URL, without a slash at its end
   * @param token CLOUD_INTERNAL_API_TOKEN
   */
  constructor(base: string, token: string, timeoutMs = TIMEOUT_MS) {
    this.#base = base
    this.#token = token
    this.#timeoutMs = timeoutMs
  }

  /**
   * The licence of a tenant as Management has it now. Redirects are not followed: the token is for Management alone.
   * @throws ManagementUnreachable
   */
  async licence(tenantId: string, signal: AbortSignal): Promise<ManagementAnswer> {
    const url = `${this.#base}/internal/v1/tenants/${encodeURIComponent(tenantId)}/license`
    const limit = AbortSignal.timeout(this.#timeoutMs)
    try {
      const response = await fetch(url, {
        headers: { 'X-Internal-Token': this.#token, Accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.any([limit, signal]),
      })
      const text = await bodyOf(response)
      return read(response, text, tenantId)
    } catch (error) {
      if (error instanceof ManagementUnreachable) throw error
      throw new ManagementUnreachable(limit.aborted ? `no answer within ${this.#timeoutMs} ms` : reasonOf(error))
    }
  }
}

function read({ status, headers }: Response, text: string, tenantId: string): ManagementAnswer {
  const type = headers.get('Content-Type')?.split(';')[0] ?? 'no media type'
  const json = /^application\/([\w.-]+\+)?json$/i.test(type)
  if (status >= 300 && status < 400) {
    throw new ManagementUnreachable(
      `${status}, a redirect, which is not followed: set MANAGEMENT_API_URL to where it leads`,
    )
  }
  if (status === 401 || status === 403) {
    throw new ManagementUnreachable(`${status}: CLOUD_INTERNAL_API_TOKEN is not the one that Management has`)
  }
  if (status === 404 && json) return { kind: 'none' }
  if (status !== 200) throw new ManagementUnreachable(`${status} with ${type}`)
  if (!json) throw new ManagementUnreachable(`${status} with ${type} instead of JSON: MANAGEMENT_API_URL may be wrong`)
  return licenceIn(text, tenantId)
}

function licenceIn(text: string, tenantId: string): ManagementAnswer {
  const body = jsonOf(text)
  try {
    const given = parse(licence, body, 'answer')
    if (given.tenant_id === tenantId.toLowerCase()) return { kind: 'licence', licence: given }
    throw problem('invalid', `answer.tenant_id: it is a licence of ${given.tenant_id}`)
  } catch (error) {
    return { kind: 'unusable', reason: (error as Error).message }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ManagementUnreachable('an answer that says it is JSON and is not')
  }
}

/** @throws ManagementUnreachable above the limit; the rest is not read */
async function bodyOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > LONGEST_BODY) throw new ManagementUnreachable(`an answer of more than ${LONGEST_BODY / 1024} kB`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const { code, message: inner } = (cause ?? {}) as { readonly code?: string; readonly message?: string }
  return code ?? inner ?? message
}
