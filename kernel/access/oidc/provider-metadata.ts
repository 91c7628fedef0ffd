import { ProviderUnavailable } from './provider-fetch.ts'

/** Where a provider keeps its metadata, below its issuer (OpenID Connect Discovery 1.0). */
export const WELL_KNOWN = '/.well-known/openid-configuration'
/** What stands for the directory in the issuer of Entra's address for all directories. */
export const TEMPLATE = '{tenantid}'

/** What a provider says about itself, as far as it is used. */
export interface Metadata {
  readonly issuer: string
  readonly jwks_uri: string
  readonly token_endpoint: string
  readonly authorization_endpoint: string
  readonly userinfo_endpoint?: string
  readonly token_endpoint_auth_methods_supported?: readonly string[]
  readonly response_types_supported?: readonly string[]
  readonly code_challenge_methods_supported?: readonly string[]
}

/** What a token says before anybody has checked it: good for finding the key to check it with. */
export interface UncheckedToken {
  readonly kid?: string | undefined
  readonly tid?: string | undefined
}

/** Reads the ID token in the answer of a token endpoint, without checking it. */
export function uncheckedToken(answer: string): UncheckedToken {
  try {
    const [header = '', payload = ''] = String(JSON.parse(answer).id_token).split('.')
    const part = (encoded: string) =>
      JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Record<string, unknown>
    const { kid } = part(header)
    const { tid } = part(payload)
    return {
      kid: typeof kid === 'string' ? kid : undefined,
      tid: typeof tid === 'string' && /^[\w-]{1,100}$/.test(tid) ? tid : undefined,
    }
  } catch {
    return {}
  }
}

/** Nobody's addresses are longer, and nothing that looks through them shall take long. */
const LONGEST_ADDRESS = 2_000

/** Metadata that can be used; undefined for others. */
export function metadataOf(text: string): Metadata | undefined {
  try {
    const metadata = JSON.parse(text) as Metadata
    const { issuer, jwks_uri, token_endpoint, authorization_endpoint } = metadata
    const addresses = [issuer.replace(TEMPLATE, 'x'), jwks_uri, token_endpoint, authorization_endpoint]
    return addresses.every(isAddress) && (metadata.userinfo_endpoint ?? issuer).length <= LONGEST_ADDRESS
      ? metadata
      : undefined
  } catch {
    return undefined
  }
}

const isAddress = (address: unknown): boolean =>
  typeof address === 'string' && address.length <= LONGEST_ADDRESS && /^https?:/.test(new URL(address).protocol)

/** The keys of a JWK set. @throws {ProviderUnavailable} */
export function keysOf(text: string): { kid?: unknown; issuer?: unknown }[] {
  const { keys } = JSON.parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new ProviderUnavailable('metadata', 'the keys are no list')
  return keys.filter(key => typeof key === 'object' && key !== null)
}

/** How the secret is shown: in the body where that is offered, else by the scheme that is everybody's default. */
export const secretBy = ({ token_endpoint_auth_methods_supported: methods }: Metadata): 'post' | 'basic' =>
  methods?.includes('client_secret_post') ? 'post' : 'basic'

/** What an administrator is told. Nothing of what came back: they could not have asked that address themselves. */
export function wordsOf({ fault, message }: ProviderUnavailable): string {
  switch (fault) {
    case 'insecure':
      return 'its address must begin with https://'
    case 'private_address':
      return 'its address is inside a network; only public addresses are asked'
    case 'timeout':
      return 'it did not answer in time'
    case 'too_large':
      return 'its answer is too large'
    case 'issuer':
      return message
    case 'unreachable':
    case 'server_error':
      return `its metadata cannot be fetched from ${WELL_KNOWN} below the issuer`
    case 'metadata':
      return 'its metadata cannot be used'
  }
}
