/** What tedious asks for a token (`TokenCredential` of @azure/core-auth, the part it uses). */
export interface AzureCredential {
  getToken(scope: string | string[]): Promise<AzureToken>
}

/** A token of Microsoft Entra ID. */
export interface AzureToken {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresOnTimestamp: number
  /** From when on it should be renewed, if the issuer says so. */
  readonly refreshAfterTimestamp?: number | undefined
}

/** A token is renewed this long before its end: a sign-in that begins with it must not end without it. */
const EARLY_MS = 5 * 60_000

/**
 * The identity that Azure gives this process: the managed one (system-assigned, or user-assigned by its client id)
 * where App Service has an endpoint for it, elsewhere whichever there is, such as the developer's own. One token serves all connections until shortly before it expires;
 * connections that ask at once wait for one answer. SQL Server looks at it only when a connection is made.
 * @param clientId of a user-assigned identity
 * @param now milliseconds since 1970
 */
export function azureCredential(clientId: string | undefined, now: () => number = Date.now): AzureCredential {
  const source = lazily(async () => {
    const { DefaultAzureCredential, ManagedIdentityCredential } = await import('@azure/identity')
    if (process.env.IDENTITY_ENDPOINT) return new ManagedIdentityCredential(clientId === undefined ? {} : { clientId })
    return new DefaultAzureCredential(clientId === undefined ? {} : { managedIdentityClientId: clientId })
  })
  const tokens = new Map<string, AzureToken>()
  const asked = new Map<string, Promise<AzureToken>>()

  async function ask(scope: string | string[], key: string): Promise<AzureToken> {
    try {
      const token = await (await source()).getToken(scope)
      tokens.set(key, token)
      return token
    } catch (error) {
      const known = tokens.get(key)
      if (known && known.expiresOnTimestamp > now()) return known
      throw error
    } finally {
      asked.delete(key)
    }
  }

  return {
    async getToken(scope) {
      const key = String(scope)
      const known = tokens.get(key)
      if (known && now() < renewalOf(known)) return known
      const asking = asked.get(key) ?? ask(scope, key)
      asked.set(key, asking)
      return asking
    },
  }
}

const renewalOf = ({ expiresOnTimestamp, refreshAfterTimestamp }: AzureToken): number =>
  Math.min(expiresOnTimestamp - EARLY_MS, refreshAfterTimestamp ?? Number.POSITIVE_INFINITY)

function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}
