import { hash } from 'node:crypto'
import type { PlatformCall, RequestFacts } from '../../contract.ts'
import type { PlatformDb } from '../../data/platform-db.ts'
import { type Problem, problem } from '../../errors.ts'
import { toProblem } from '../../http/problem-json.ts'
import { type Reply, reply } from '../../http/reply.ts'
import type { SignIn } from '../sign-in.ts'
import { domainOf } from '../tenant-policy.ts'
import type { Arrival } from './arrival.ts'
import { FLOW_MS, type Flow, type FlowCookie } from './flow-cookie.ts'
import type { Provider, ProviderDirectory } from './provider-directory.ts'
import type { Providers } from './providers.ts'

interface Parts {
  readonly settings: { readonly APP_BASE_URL: string }
  readonly directory: ProviderDirectory
  readonly providers: Providers
  readonly cookie: FlowCookie
  readonly arrival: Arrival
  readonly signIn: SignIn
}

/** What a sign-in begins with. */
export interface Beginning {
  /** Whose domain picks the provider; also told to it. */
  readonly email?: string | undefined
  readonly domain?: string | undefined
  readonly return_to?: string | undefined
  /** Of whom was invited: they join that tenant, with the groups of the invitation. */
  readonly invitation_token?: string | undefined
}

/** What the identity provider sends along, as far as it is looked at here. */
export interface CallbackQuery {
  readonly state?: string | undefined
  readonly error?: string | undefined
  readonly error_description?: string | undefined
}

/** Which of the two callbacks: the platform's provider, or a tenant's. */
export type Callback = 'microsoft' | 'oidc'

/** The two halves of signing in elsewhere: sending the browser there, and taking it back. */
export class SignInElsewhere {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Sends the browser to the platform's provider. */
  toPlatform(call: PlatformCall, beginning: Beginning, request: RequestFacts): Promise<Reply> {
    return this.#answer(call, request, async () => {
      const provider = this.#parts.directory.platform
      if (!provider) throw problem('not_found', 'Signing in with Microsoft is not set up here.')
      return this.#begin(call, provider, beginning, request)
    })
  }

  /** Sends the browser to the provider for an e-mail domain: the tenant's own or, where it has none, the platform's. */
  toProviderOf(call: PlatformCall, beginning: Beginning, request: RequestFacts): Promise<Reply> {
    return this.#answer(call, request, async () => {
      const { directory } = this.#parts
      const domain = beginning.domain?.toLowerCase() ?? domainOf(beginning.email ?? '')
      const provider = (await directory.ownerOf(call.db, domain))?.provider ?? directory.platform
      if (!provider) throw problem('no_tenant', 'No identity provider is set up for this domain.')
      return this.#begin(call, provider, beginning, request)
    })
  }

  /** Takes the browser back from a provider. */
  back(
    call: PlatformCall,
    callback: Callback,
    query: CallbackQuery & Readonly<Record<string, unknown>>,
    request: RequestFacts,
  ): Promise<Reply> {
    const { cookie } = this.#parts
    const { state } = query
    const ended = state === undefined ? [] : [cookie.end(state, request)]
    return this.#answer(call, request, () => this.#finish(call, callback, query, request, ended), ended)
  }

  async #begin(call: PlatformCall, provider: Provider, beginning: Beginning, request: RequestFacts): Promise<Reply> {
    const { providers, cookie } = this.#parts
    const secrets = await providers.begin()
    const address = await providers.address(provider, secrets, callbackUrl(call, provider), beginning.email)
    const flow: Flow = {
      ...secrets,
      issuer: provider.issuer,
      clientId: provider.clientId,
      expiresAt: call.now().getTime() + FLOW_MS,
      ...(provider.tenantId === undefined ? {} : { tenantId: provider.tenantId }),
      ...(beginning.return_to === undefined ? {} : { returnTo: beginning.return_to }),
      ...(beginning.invitation_token === undefined ? {} : { invitationToken: beginning.invitation_token }),
    }
    return redirect(address.href, cookie.begin(flow, request))
  }

  async #finish(
    call: PlatformCall,
    callback: Callback,
    query: CallbackQuery & Readonly<Record<string, unknown>>,
    request: RequestFacts,
    ended: readonly string[],
  ): Promise<Reply> {
    const { cookie, providers, arrival, signIn } = this.#parts
    const flow = query.state === undefined ? undefined : cookie.find(query.state, request, call.now())
    const provider = flow && callback === callbackOf(flow) ? await this.#providerOf(call.db, flow) : undefined
    if (!flow || !provider || !(await takeOnce(call, flow))) {
      throw problem('sign_in_failed', 'This sign-in was not begun in this browser, or too long ago; begin again.')
    }
    if (query.error !== undefined) {
      const { error, error_description } = query
      call.log.warn(
        { issuer: flow.issuer, answer: error, description: error_description },
        'a provider refused a sign-in',
      )
      throw problem('sign_in_failed', 'The identity provider did not confirm this sign-in; begin again.')
    }
    if (typeof query.code === 'string' && !(await isOwnCode(call, query.code, flow))) {
      call.log.warn({ issuer: flow.issuer, tenant_id: flow.tenantId }, 'a code came back from two providers (mix-up)')
      throw problem('sign_in_failed', 'The identity provider did not confirm this sign-in; begin again.')
    }
    const answer = new URL(callbackUrl(call, provider))
    for (const [name, value] of Object.entries(query)) {
      if (typeof value === 'string') answer.searchParams.append(name, value)
    }
    const person = await providers.redeem(provider, flow, answer)
    const entry = await arrival.enter(call, { provider, person, invitationToken: flow.invitationToken }, request)
    const back: Record<string, string> = flow.returnTo === undefined ? {} : { return_to: flow.returnTo }
    if (entry.kind === 'signed-in') {
      const { accessToken } = entry.signedIn
      return this.#toApp({ token: accessToken, ...back }, [...ended, signIn.cookie(entry.signedIn, request)])
    }
    const next = entry.kind === 'mfa' ? 'mfa_required' : 'mfa_setup_required'
    return this.#toApp({ [next]: 'true', session_token: entry.sessionToken, ...back }, ended)
  }

  /** The provider that a flow was begun with, unless it was changed or switched off meanwhile. */
  async #providerOf(db: PlatformDb, flow: Flow): Promise<Provider | undefined> {
    const { directory } = this.#parts
    const provider = flow.tenantId === undefined ? directory.platform : await directory.ofTenant(db, flow.tenantId)
    return provider?.issuer === flow.issuer && provider.clientId === flow.clientId ? provider : undefined
  }

  /** Tells browsers of a failure in the application, everybody else by the problem; what is behind it goes to the log. */
  async #answer(
    call: PlatformCall,
    request: RequestFacts,
    work: () => Promise<Reply>,
    cookies: readonly string[] = [],
  ): Promise<Reply> {
    try {
      return await work()
    } catch (error) {
      const failed = toProblem(error, call.db.dialect)
      log(call, failed)
      if (request.header('Accept').includes('text/html')) return this.#toApp({ error: failed.code }, cookies)
      const [cookie] = cookies
      throw problem(failed.code, failed.message, {
        ...(failed.errors ? { errors: failed.errors } : {}),
        headers: { ...failed.headers, ...(cookie === undefined ? {} : { 'Set-Cookie': cookie }) },
        cause: failed.cause,
      })
    }
  }

  #toApp(query: Readonly<Record<string, string>>, cookies: readonly string[]): Reply {
    return redirect(`${this.#parts.settings.APP_BASE_URL}/auth/callback?${new URLSearchParams(query)}`, cookies)
  }
}

const callbackOf = ({ tenantId }: Pick<Flow, 'tenantId'>): Callback => (tenantId === undefined ? 'microsoft' : 'oidc')

const callbackUrl = (call: PlatformCall, { tenantId }: Provider): string =>
  call.publicUrl(`/api/v1/auth/${callbackOf(tenantId === undefined ? {} : { tenantId })}/callback`)

const redirect = (address: string, cookies: readonly string[]): Reply =>
  reply('', { status: 302, type: 'text/plain', headers: { Location: address, 'Set-Cookie': cookies } })

/** Takes a flow for its one use; false when somebody has had it. */
async function takeOnce({ db }: PlatformCall, { state, expiresAt }: Flow): Promise<boolean> {
  try {
    await db
      .table('used_sign_ins')
      .insert({ state_hash: hash('sha256', state, 'hex'), expires_at: new Date(expiresAt) })
    return true
  } catch (error) {
    if (db.dialect.isUniqueViolation(error)) return false
    throw error
  }
}

/**
 * Notes a code under the provider whose answer it is, before it is handed to that one; false when it was an answer of
 * another one before. The providers of tenants share one callback, so one of them could send browsers on to another and
 * have the codes of that handed to itself, made for a sign-in of its own (mix-up, RFC 9700, 4.4).
 */
async function isOwnCode(call: PlatformCall, code: string, { issuer, tenantId = '' }: Flow): Promise<boolean> {
  const { db } = call
  const ofCode = hash('sha256', `code ${code}`, 'hex').slice(0, 32)
  const state_hash = ofCode + hash('sha256', `${tenantId} ${issuer}`, 'hex').slice(0, 32)
  const marks: { state_hash: string }[] = await db
    .table('used_sign_ins')
    .whereBetween('state_hash', [ofCode, `${ofCode}g`])
    .select('state_hash')
  if (marks.length > 0) return marks.every(mark => mark.state_hash === state_hash)
  try {
    await db.table('used_sign_ins').insert({ state_hash, expires_at: new Date(call.now().getTime() + FLOW_MS) })
  } catch (error) {
    if (!db.dialect.isUniqueViolation(error)) throw error
  }
  return true
}

/** Deletes what is kept of flows that are too old to be used. */
export async function pruneSignIns(db: PlatformDb, now: Date): Promise<number> {
  return db.table('used_sign_ins').where('expires_at', '<', now).delete()
}

function log(call: PlatformCall, { code, message, status, cause }: Problem): void {
  if (status >= 500 && code !== 'identity_provider_unavailable') call.log.error({ err: cause, error: code }, message)
  else
    call.log.warn({ error: code, ...(cause === undefined ? {} : { err: chain(cause) }) }, `sign_in.failed: ${message}`)
}

/** An error with what is behind it: openid-client puts the reason one or two levels down. */
function chain(cause: unknown): Error {
  const messages: string[] = []
  for (let error = cause; error instanceof Error && messages.length < 5; error = error.cause)
    messages.push(error.message)
  return new Error(messages.join(': ') || String(cause))
}
