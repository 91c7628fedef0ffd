import { randomUUID } from 'node:crypto'
import { signWebhook } from '../../kernel/tenancy/webhook-signature.ts'
import { Client } from './client.ts'
import { secrets } from './server.ts'

const PASSWORD = 'correct horse battery staple 42'

/** A tenant with a licence, and its Admin signed in. */
export interface Tenant {
  readonly id: string
  readonly client: Client
}

/** Registers a tenant at a server, gives it a licence as Management does, and signs in. */
export async function newTenant(url: string, features: readonly string[] = []): Promise<Tenant> {
  const anonymous = new Client(url)
  const name = `acme-${randomUUID().slice(0, 8)}`
  const email = `admin@${name}.example`
  const registered = await anonymous.post('/auth/register', {
    account_name: name,
    tenant_name: name,
    name: 'Admin',
    email,
    password: PASSWORD,
  })
  if (registered.status !== 201) throw new Error(`registering: ${JSON.stringify(registered.body)}`)
  const id = registered.body.tenant_id as string
  await giveLicence(anonymous, id, features)
  const signedIn = await anonymous.post('/auth/login', { email, password: PASSWORD })
  if (signedIn.status !== 200) throw new Error(`logging in: ${JSON.stringify(signedIn.body)}`)
  anonymous.close()
  return { id, client: new Client(url, { authorization: `Bearer ${signedIn.body.access_token}` }) }
}

/** Calls the licence webhook. */
export async function giveLicence(client: Client, tenantId: string, features: readonly string[]): Promise<void> {
  const expires = new Date(Date.now() + 86_400_000).toISOString()
  const licence = { tenant_id: tenantId, plan: 'test', features, expires_at: expires }
  const answer = await client.post('/internal/license/refresh', licence, {
    'x-hmac-signature': signWebhook(secrets.CLOUD_WEBHOOK_HMAC_SECRET, JSON.stringify(licence)),
  })
  if (answer.status !== 200) throw new Error(`licence: ${JSON.stringify(answer.body)}`)
}
