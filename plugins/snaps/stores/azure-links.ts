import type { BlobClient, BlobServiceClient, StorageSharedKeyCredential, UserDelegationKey } from '@azure/storage-blob'
import type { LinkOptions } from './blob-store.ts'

type Library = typeof import('@azure/storage-blob')

/** Makes the address of a blob that anybody may read for a while; undefined when there is nothing to sign with. */
export type AzureLinks = (blob: BlobClient, options: LinkOptions) => Promise<string | undefined>

const MINUTE_MS = 60_000
/** Devices wait for it. */
const KEY_TIMEOUT_MS = 10_000
const KEY_LIFE_MS = 24 * 60 * MINUTE_MS
/** Of the signature: one that Azure has taken for years, and Azurite takes, too. */
const VERSION = '2022-11-02'
/** Clocks differ: an address is good from some minutes ago. */
const SKEW_MS = 5 * MINUTE_MS

/**
 * Signs addresses with a user-delegation key, which the store gives to whoever is signed in, or with the account's key.
 * @param publicUrl address of the account as devices reach it; a signature does not cover the host
 */
export function signLinks(library: Library, service: BlobServiceClient, publicUrl: string | undefined): AzureLinks {
  const { BlobSASPermissions, SASProtocol, generateBlobSASQueryParameters } = library
  const { credential, accountName, url } = service
  const keys = delegationKeys(service)

  const signed = (blob: BlobClient, { expires, filename }: LinkOptions) => ({
    version: VERSION,
    containerName: blob.containerName,
    blobName: blob.name,
    permissions: BlobSASPermissions.from({ read: true }),
    startsOn: new Date(Date.now() - SKEW_MS),
    expiresOn: expires,
    contentDisposition: `attachment; filename="${filename}"`,
    protocol: (publicUrl ?? url).startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
  })
  const reachable = (address: string): string =>
    publicUrl === undefined ? address : publicUrl.replace(/\/+$/, '') + address.slice(url.replace(/\/+$/, '').length)

  return async (blob, options) => {
    if (credential instanceof library.AnonymousCredential) return undefined
    const values = signed(blob, options)
    const query =
      credential instanceof library.StorageSharedKeyCredential
        ? generateBlobSASQueryParameters(values, credential satisfies StorageSharedKeyCredential)
        : generateBlobSASQueryParameters(values, await keys(options.expires), accountName)
    return `${reachable(blob.url)}?${query}`
  }
}

/** One key serves all addresses for about a day; requests that need a new one wait for one answer. */
function delegationKeys(service: BlobServiceClient): (until: Date) => Promise<UserDelegationKey> {
  let known: { readonly expires: number; readonly key: Promise<UserDelegationKey> } | undefined
  return until => {
    if (known && until.getTime() < known.expires) return known.key
    const now = Date.now()
    const expires = Math.max(now + KEY_LIFE_MS, until.getTime() + MINUTE_MS)
    const key: Promise<UserDelegationKey> = service.getUserDelegationKey(new Date(now - SKEW_MS), new Date(expires), {
      abortSignal: AbortSignal.timeout(KEY_TIMEOUT_MS),
    })
    key.catch(() => {
      known = undefined
    })
    known = { expires, key }
    return key
  }
}
