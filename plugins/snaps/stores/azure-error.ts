import { Problem, problem } from '../../../kernel/contract.ts'

/** What was tried when the store refused. */
export type Attempt = 'read' | 'write' | 'sign'

/** Codes with which Azure says that an identity or a shared access signature lacks a right (Blob service error codes). */
const NO_RIGHT = new Set([
  'AuthorizationPermissionMismatch',
  'InsufficientAccountPermissions',
  'UnauthorizedBlobOverwrite',
])

interface AzureFault {
  readonly name?: string
  readonly statusCode?: number
  readonly code?: string
  readonly details?: { readonly errorCode?: string }
}

/** The code of an answer of Azure, or of what kept it from coming: `ContainerNotFound`, `ECONNREFUSED`. */
export const azureCode = (error: unknown): string => {
  const { details, code, statusCode, name } = error as AzureFault
  return details?.errorCode ?? code ?? String(statusCode ?? name)
}

/** The HTTP status of an answer of Azure; undefined when none came. */
export const azureStatus = (error: unknown): number | undefined => (error as AzureFault).statusCode

/**
 * What Azure says, as a problem that names the next step; anything else, such as a fault of the content, is left as it is.
 * @param place the container's address
 */
export function azureProblem(error: unknown, attempt: Attempt, place: string): unknown {
  if (error instanceof Problem || !isOfAzure(error)) return error
  const code = azureCode(error)
  const said = `${azureStatus(error) ?? ''} ${code}`.trim()
  if (attempt === 'write' && azureStatus(error) === 403 && NO_RIGHT.has(code)) {
    const detail =
      'The identity of this server may not write blobs: give it the role "Storage Blob Data Contributor" on the container ' +
      `${place} (the store answered ${said}).`
    return problem('blob_store_read_only', detail, { cause: error })
  }
  return problem('blob_store_unavailable', `The blob store ${place} ${reason(attempt, error)} (${said}).`, {
    cause: error,
    headers: { 'Retry-After': '30' },
  })
}

function reason(attempt: Attempt, error: unknown): string {
  const status = azureStatus(error)
  if (status === undefined) return isAuthentication(error) ? 'cannot be signed in to' : 'does not answer'
  if (status === 403 && attempt === 'sign') {
    return 'gives out no key to sign addresses: give the identity the role "Storage Blob Delegator" on the storage account'
  }
  if (status === 401 || status === 403) return 'refuses this server: look at its role and at the network rules'
  if (azureCode(error) === 'ContainerNotFound') return 'is not there: make it'
  return 'refuses'
}

const isAuthentication = (error: unknown): boolean => /Credential|Authentication/.test((error as AzureFault).name ?? '')

const isOfAzure = (error: unknown): boolean =>
  error instanceof Error && (/^(RestError|AbortError|TimeoutError)$/.test(error.name) || isAuthentication(error))
