import { createHmac } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Licence } from './licence-book.ts'

const TIMEOUT_MS = 10_000

/** What Cloud answers to a licence. */
export interface Taken {
  readonly tenant_id: string
  readonly status: string
  readonly features: readonly string[]
  readonly revision: number
}

/** Cloud did not take a licence. `final`: sending the same again is of no use. */
export class NotTaken extends Error {
  readonly final: boolean

  constructor(message: string, final: boolean) {
    super(message)
    this.final = final
  }
}

/** Where licences are sent to, and how patiently. */
export interface CloudOptions {
  /** Cloud, such as `http://localhost:8000`. */
  readonly url: string
  /** CLOUD_WEBHOOK_HMAC_SECRET; of two, the first. */
  readonly secret: string
  /** Pauses between tries in milliseconds; default 1, 2 and 4 seconds. */
  readonly pauses?: readonly number[]
}

/** Sends licences to Cloud, signed. */
export class Cloud {
  readonly #options: CloudOptions

  constructor(options: CloudOptions) {
    this.#options = options
  }

  /**
   * Sends a licence, again and again while Cloud does not answer: it changes nothing when it arrives twice.
   * @throws NotTaken
   */
  async send(licence: Licence): Promise<Taken> {
    const pauses = [...(this.#options.pauses ?? [1_000, 2_000, 4_000])]
    for (;;) {
      try {
        return await this.#once(licence)
      } catch (error) {
        const ms = pauses.shift()
        if (ms === undefined || (error instanceof NotTaken && error.final)) throw error
        await pause(ms)
      }
    }
  }

  async #once({ tenant_id, plan, features, expires_at, issued_at }: Licence): Promise<Taken> {
    const { url, secret } = this.#options
    const body = JSON.stringify({ tenant_id, plan, features, expires_at, issued_at })
    const response = await fetch(`${url}/internal/license/refresh`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...signature(secret, body, new Date()) },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: Error) => {
      throw new NotTaken(
        `${url} does not answer (${reasonOf(error)}); is Cloud running? Start it with: npm start`,
        false,
      )
    })
    const text = await response.text()
    if (response.ok) return JSON.parse(text) as Taken
    throw refusal(response.status, text, tenant_id)
  }
}

/** HMAC-SHA256 over `<timestamp>.<body>`, as contract 7.1 and 15.1 want it; the stamp is epoch seconds. */
export function signature(secret: string, body: string, now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000))
  const hex = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
  return { 'X-Hmac-Timestamp': timestamp, 'X-Hmac-Signature': `sha256=${hex}` }
}

function refusal(status: number, text: string, tenantId: string): NotTaken {
  const { error = 'unknown', detail = '' } = problemOf(text)
  const said = `Cloud answers ${status} ${error}`
  if (status === 401) {
    const next = 'CLOUD_WEBHOOK_HMAC_SECRET here must be the one of Cloud, and the clocks within five minutes'
    return new NotTaken(`${said}: ${next}`, true)
  }
  if (error === 'tenant_not_found') {
    return new NotTaken(
      `${said}: register ${tenantId} first, with POST /api/v1/auth/register; its answer has the id`,
      true,
    )
  }
  return new NotTaken(`${said}: ${detail}`, status < 500 && status !== 429 && status !== 408)
}

function problemOf(text: string): { readonly error?: string; readonly detail?: string } {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const reasonOf = ({ message, cause }: Error): string => (cause as { code?: string } | undefined)?.code ?? message
