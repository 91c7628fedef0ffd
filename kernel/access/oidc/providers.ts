import type { Configuration, CustomFetch, IDToken } from 'openid-client'
import { type Problem, problem } from '../../errors.ts'
import { type Person, personOf } from './claims.ts'
import { DocumentCache } from './document-cache.ts'
import type { Provider } from './provider-directory.ts'
import { ProviderUnavailable, providerFetch } from './provider-fetch.ts'
import {
  keysOf,
  type Metadata,
  metadataOf,
  secretBy,
  TEMPLATE,
  type UncheckedToken,
  uncheckedToken,
  WELL_KNOWN,
  wordsOf,
} from './provider-metadata.ts'

/** What one sign-in keeps to itself, to know the answer again. */
export interface FlowSecrets {
  readonly state: string
  readonly nonce: string
  /** PKCE (RFC 7636). */
  readonly verifier: string
}

interface ProvidersOptions {
  readonly production: boolean
  /** DNS servers that are asked for tenants' providers; default: the system's. */
  readonly dnsServers?: readonly string[]
  now(): Date
}

/** A provider together with what it says about itself. */
interface Known {
  readonly metadata: Metadata
  /** True for Entra's address for all directories, whose issuer is that of each user's directory. */
  readonly shared: boolean
}

const METADATA_LIFE_MS = 60 * 60_000
const KEYS_LIFE_MS = 15 * 60_000
/** Unknown keys are looked for this often, and no more. */
const NEW_KEYS_MS = 60_000
/** For this address openid-client takes the issuer of each directory; what it reads is the metadata that we keep. */
const ENTRA = 'https://login.microsoftonline.com/common/v2.0'

const library = () => import('openid-client')

/** Signing in at identity providers, by the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 9700). */
export class Providers {
  readonly #secure: boolean
  /** Tenants' providers are asked at public addresses only. */
  readonly #documents: Readonly<Record<'platform' | 'tenant', { fetch: CustomFetch; cache: DocumentCache }>>

  constructor({ production, dnsServers = [], now }: ProvidersOptions) {
    this.#secure = production
    const open = (publicOnly: boolean) => {
      // A developer's machine, or one that runs many tests, has its pauses.
      const patience = production ? {} : { timeoutMs: 30_000 }
      const fetch = providerFetch({ secure: production, publicOnly, dnsServers, ...patience })
      return { fetch, cache: new DocumentCache(fetch, () => now().getTime()) }
    }
    this.#documents = { platform: open(false), tenant: open(production) }
  }

  /** New secrets for a sign-in. */
  async begin(): Promise<FlowSecrets> {
    const client = await library()
    return { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() }
  }

  /**
   * Where to send the browser.
   * @throws Problem `identity_provider_unavailable`
   */
  async address(provider: Provider, secrets: FlowSecrets, redirectUri: string, hint?: string): Promise<URL> {
    const client = await library()
    try {
      const { config } = await this.#configure(provider, () => undefined)
      return client.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(secrets.verifier),
        code_challenge_method: 'S256',
        ...(hint === undefined ? {} : { login_hint: hint }),
      })
    } catch (error) {
      throw unavailable(error)
    }
  }

  /**
   * Takes the provider's answer: checks state and issuer, exchanges the code, checks signature, issuer, audience, times and
   * nonce of the ID token.
   * @param answer the callback's address with all that it came with
   * @throws Problem `sign_in_failed`, `identity_provider_unavailable`
   */
  async redeem(provider: Provider, secrets: FlowSecrets, answer: URL): Promise<Person> {
    const client = await library()
    let unchecked: UncheckedToken | undefined
    try {
      const { config, known } = await this.#configure(
        provider,
        () => unchecked,
        token => (unchecked = token),
      )
      const tokens = await client.authorizationCodeGrant(config, answer, {
        expectedState: secrets.state,
        expectedNonce: secrets.nonce,
        pkceCodeVerifier: secrets.verifier,
        idTokenExpected: true,
      })
      const claims = tokens.claims() as IDToken
      const more =
        claims.email === undefined && known.metadata.userinfo_endpoint !== undefined
          ? await client.fetchUserInfo(config, tokens.access_token, claims.sub)
          : undefined
      const person = personOf(claims, more)
      if (known.shared && person.entraTenantId === undefined) throw new Error('the token names no Entra directory')
      return person
    } catch (error) {
      if (isSilence(error)) throw unavailable(error)
      throw problem('sign_in_failed', 'The identity provider did not confirm this sign-in; begin again.', {
        cause: error,
      })
    }
  }

  /** What keeps a provider from being used, in words for whoever sets it up; none: it can be. */
  async faultsOf(issuer: string): Promise<string[]> {
    const { cache } = this.#documents.tenant
    try {
      const { metadata } = await this.#know({ tenantId: '', issuer }, 0)
      const faults: string[] = []
      const { response_types_supported: types, code_challenge_methods_supported: challenges } = metadata
      if (types && !types.includes('code')) faults.push('it does not offer the authorization code flow')
      if (challenges && !challenges.includes('S256')) faults.push('it does not take PKCE with S256')
      const { keys } = JSON.parse(await cache.get(metadata.jwks_uri, 0)) as { keys?: unknown }
      if (!Array.isArray(keys) || keys.length === 0) faults.push('its jwks_uri has no keys')
      return faults
    } catch (error) {
      return [error instanceof ProviderUnavailable ? wordsOf(error) : 'its metadata cannot be read']
    }
  }

  async #configure(
    provider: Provider,
    unchecked: () => UncheckedToken | undefined,
    seen: (token: UncheckedToken) => void = () => undefined,
  ): Promise<{ readonly config: Configuration; readonly known: Known }> {
    const client = await library()
    const known = await this.#know(provider, METADATA_LIFE_MS)
    const { metadata, shared } = known
    const { fetch } = this.#of(provider)
    const answering: CustomFetch = async (url, init) => {
      if (url.endsWith(WELL_KNOWN)) return json(metadata)
      if (init.method === 'GET' && sameUrl(url, metadata.jwks_uri)) {
        return json({ keys: await this.#keys(provider, known, unchecked()) })
      }
      const response = await fetch(url, init)
      if (!sameUrl(url, metadata.token_endpoint)) return response
      const text = await response.text()
      seen(uncheckedToken(text))
      return new Response(text, response)
    }
    const config = await client.discovery(
      new URL(shared ? ENTRA : metadata.issuer),
      provider.clientId,
      { client_secret: provider.clientSecret },
      secretBy(metadata) === 'post'
        ? client.ClientSecretPost(provider.clientSecret)
        : client.ClientSecretBasic(provider.clientSecret),
      {
        [client.customFetch]: answering,
        execute: [client.enableNonRepudiationChecks, ...(this.#secure ? [] : [client.allowInsecureRequests])],
      },
    )
    return { config, known }
  }

  /** Reads the metadata of a provider, and holds it to the issuer that was set up. */
  async #know(provider: Pick<Provider, 'tenantId' | 'issuer'>, maxAgeMs: number): Promise<Known> {
    const { issuer } = provider
    const metadata = metadataOf(await this.#of(provider).cache.get(issuer + WELL_KNOWN, maxAgeMs))
    const { host } = new URL(issuer)
    if (metadata === undefined) throw new ProviderUnavailable('metadata', `${host} sent metadata that cannot be used`)
    if (metadata.issuer.replace(/\/+$/, '') === issuer) return { metadata, shared: false }
    const isShared = provider.tenantId === undefined && metadata.issuer.includes(TEMPLATE)
    if (isShared && originOf(metadata.issuer.replace(TEMPLATE, 'x')) === originOf(issuer)) {
      return { metadata, shared: true }
    }
    throw new ProviderUnavailable('issuer', `${host} says that its issuer is ${metadata.issuer.slice(0, 300)}`)
  }

  /**
   * The keys that may have signed a token. Those of Entra name the issuer that they are for: the key of one directory, or of
   * the service for private accounts, is none for another.
   */
  async #keys(provider: Provider, { metadata, shared }: Known, token: UncheckedToken | undefined): Promise<unknown[]> {
    const { cache } = this.#of(provider)
    let keys = keysOf(await cache.get(metadata.jwks_uri, KEYS_LIFE_MS))
    if (token?.kid !== undefined && !keys.some(({ kid }) => kid === token.kid)) {
      keys = keysOf(await cache.get(metadata.jwks_uri, NEW_KEYS_MS))
    }
    if (!shared) return keys
    return keys.filter(({ issuer }) => {
      if (typeof issuer !== 'string') return true
      return issuer.replace(TEMPLATE, token?.tid ?? '') === metadata.issuer.replace(TEMPLATE, token?.tid ?? '')
    })
  }

  #of({ tenantId }: Pick<Provider, 'tenantId'>) {
    return this.#documents[tenantId === undefined ? 'platform' : 'tenant']
  }
}

const json = (body: unknown): Response =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } })

const sameUrl = (one: string, other: string): boolean => new URL(one).href === new URL(other).href
const originOf = (address: string): string => new URL(address).origin

function unavailable(error: unknown): Problem {
  return problem(
    'identity_provider_unavailable',
    'The identity provider does not answer as it should; try again later.',
    {
      cause: error,
    },
  )
}

/** Whether the provider's silence is behind an error. */
function isSilence(error: unknown): boolean {
  let cause = error
  for (let depth = 0; depth < 10 && cause instanceof Error; depth++) {
    if (cause instanceof ProviderUnavailable) return true
    cause = cause.cause
  }
  return false
}
