import { readFile } from 'node:fs/promises'
import path from 'node:path'

/** What Management shares with Cloud. */
export interface Secrets {
  /** CLOUD_INTERNAL_API_TOKEN */
  readonly token: string
  /** CLOUD_WEBHOOK_HMAC_SECRET; of two, the first. */
  readonly secret: string
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The two secrets, from the environment; what is not there, from the file in which a Cloud in development keeps the ones
 * that it made up.
 */
export async function readSecrets(env: Environment, dataDir: string): Promise<Secrets> {
  const made = await madeUp(dataDir)
  const of = (name: string): string => {
    const value = env[name] || made?.[name]
    if (value) return value
    throw new Error(
      `${name} is not set, and ${path.join(dataDir, FILE)} does not have it: start Cloud once (npm start), or set it to what Cloud has`,
    )
  }
  const [secret = ''] = of('CLOUD_WEBHOOK_HMAC_SECRET').split(',')
  return { token: of('CLOUD_INTERNAL_API_TOKEN'), secret: secret.trim() }
}

const FILE = 'development-secrets.json'

async function madeUp(dataDir: string): Promise<Environment | undefined> {
  try {
    return JSON.parse(await readFile(path.join(dataDir, FILE), 'utf8'))
  } catch {
    return undefined
  }
}
