import type { ExecutionContext } from 'ava'
import type { Email } from 'postal-mime'
import type { KernelOptions } from '../../../../kernel/kernel.ts'
import { testsOnServer } from '../../../../kernel/testing/test-database.ts'
import { mailFiles } from '../../mail/mail-house.ts'
import { AccessHouse, quick } from '../access-house.ts'

const WAIT_MS = testsOnServer ? 60_000 : 30_000

/** A house whose passwords are quickly hashed, and which stands behind a proxy that says where requests come from. */
export const openHouse = (
  t: ExecutionContext,
  env: Record<string, string> = {},
  parts: Partial<KernelOptions> = {},
): Promise<AccessHouse> =>
  AccessHouse.open(
    t,
    { APP_BASE_URL: 'https://cloud.example', TRUST_PROXY: '1', ...env },
    { passwords: quick, ...parts },
  )

/** Waits until no job is left to do. */
export async function settled({ kernel }: AccessHouse): Promise<void> {
  const { database, scheduler } = kernel.runtime
  const deadline = Date.now() + WAIT_MS
  for (let quiet = 0; quiet < 2; ) {
    if (Date.now() > deadline) throw new Error('jobs are not done')
    scheduler.nudge()
    const [jobs] = await database.knex('job_runs').whereIn('status', ['queued', 'running']).count({ left: '*' })
    quiet = Number(jobs?.left) === 0 ? quiet + 1 : 0
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

/** The mails that an address got, the oldest first. */
export async function mailsTo(house: AccessHouse, address: string): Promise<Email[]> {
  await settled(house)
  const files = await mailFiles(house.kernel.runtime.deployment.dataDir)
  return files.map(({ email }) => email).filter(({ to }) => to?.[0]?.address === address)
}

/** The token in the newest mail to an address that links to this page of the application. */
export async function tokenTo(house: AccessHouse, address: string, page: string): Promise<string> {
  const links = (await mailsTo(house, address)).flatMap(({ text }) => {
    const [, token] = new RegExp(`https://cloud\\.example/${page}/([\\w-]{43})\\n`).exec(text ?? '') ?? []
    return token ?? []
  })
  const token = links.at(-1)
  if (token === undefined) throw new Error(`no mail to ${address} links to /${page}`)
  return token
}

/** The actions in the audit log of a tenant, the oldest first. */
export async function actions(house: AccessHouse, tenantId: string): Promise<string[]> {
  const rows = await house.database.table('audit_logs').where('tenant_id', tenantId).orderBy('id').select('action')
  return rows.map(({ action }: { action: string }) => action)
}
