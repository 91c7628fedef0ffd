import { z } from 'zod'
import { writeAudit } from '../../audit/writer.ts'
import type { AccessKit, AccessParts } from '../access-plugin.ts'
import { emailKey } from '../email.ts'
import { registerQuietly, registration } from '../registration.ts'
import { nextStepBody, signedInBody } from '../sign-in.ts'
import { requirePasswords } from '../tenant-policy.ts'
import { acceptance } from './accept-invitation.ts'
import type { AccountParts } from './account-parts.ts'
import { userOfAddress } from './account-user.ts'
import { ACCOUNT_JOB, openAccountWork, sealedWork } from './account-work.ts'
import { mailedProof } from './email-addresses.ts'
import { invitationOfToken } from './invitation-rows.ts'
import { queueSparingly } from './mail-allowance.ts'
import { forgottenPassword, newPassword } from './password-reset.ts'

const tokenPath = z.strictObject({ token: z.string().min(1).max(200) })

/** What somebody does about an account without being logged in (contract 15.2), and the job behind it. */
export function accountRoutes(kit: AccessKit, parts: AccessParts, account: AccountParts): void {
  registerRoute(kit, parts, account)
  invitationRoutes(kit, account)
  mailedRoutes(kit, account)
  kit.job(ACCOUNT_JOB, {
    scope: 'platform',
    data: sealedWork,
    async run(data, { call }) {
      const work = openAccountWork(parts.sealer, data)
      if (work.kind === 'password-forgotten') await account.passwordReset.sendLink(call, work.email)
      else if (work.kind === 'invitation') await account.invitations.sendLink(call, work)
      else await account.emailAddresses.sendLink(call, work)
    },
  })
}

function registerRoute(kit: AccessKit, parts: AccessParts, { verification, mails }: AccountParts): void {
  const { settings, passwords, features, mail } = parts
  kit.platformRoute('POST /auth/register', {
    summary: 'Register an account; it waits for its licence',
    description:
      'Account names are public, e-mail addresses are not: with an address that has an account the answer is the same, ' +
      'nothing is made, and its owner gets a mail.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 60 },
    status: 201,
    body: registration,
    returns: z.object({ tenant_id: z.string(), user_id: z.string(), status: z.literal('pending') }),
    handle: async ({ body }, { call }, request) => {
      requirePasswords(settings)
      const { db } = call
      const now = call.now()
      const registered = await registerQuietly(
        db,
        body,
        {
          passwords,
          features,
          async made({ tenant_id, user_id }) {
            const own = db.forTenant(tenant_id)
            await verification.send(own, user_id, body.email, now)
            const after = { account_name: body.account_name, name: body.tenant_name, user_id }
            const entry = { action: 'tenant.registered', resourceType: 'tenant', resourceId: tenant_id, after }
            const { actor, traceId } = call
            await writeAudit(own, [entry], { actor, address: request.address, traceId, now })
          },
          async taken() {
            const owner = await userOfAddress(db, emailKey(body.email))
            if (owner) await queueSparingly(mail, db.forTenant(owner.tenantId), mails.accountExists(owner.email), now)
          },
        },
        now,
      )
      return { ...registered, status: 'pending' as const }
    },
  })
}

function invitationRoutes(kit: AccessKit, { acceptInvitation }: AccountParts): void {
  kit.platformRoute('GET /auth/invitations/:token', {
    summary: 'What an invitation is for',
    access: 'public',
    limit: { perMinute: 60 },
    params: tokenPath,
    returns: z.object({ tenant_name: z.string(), email: z.string(), expires_at: z.string() }),
    handle: async ({ params }, { call }) => {
      const { tenantName, email, expiresAt } = await invitationOfToken(call.db, params.token, call.now())
      return { tenant_name: tenantName, email, expires_at: expiresAt.toISOString() }
    },
  })

  kit.platformRoute('POST /auth/invitations/:token/accept', {
    summary: 'Accept an invitation with a password of your own; you are logged in',
    description:
      'Sets the cookie `refresh_token`, as a log-in does. Where the account does not allow passwords, sign in elsewhere.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    params: tokenPath,
    body: acceptance,
    returns: z.union([signedInBody, nextStepBody]),
    handle: ({ params, body }, { call }, request) => acceptInvitation.accept(call, params.token, body, request),
  })
}

function mailedRoutes(kit: AccessKit, { passwordReset, emailAddresses, verification }: AccountParts): void {
  kit.platformRoute('POST /auth/password/forgot', {
    summary: 'Ask for a mail with a link to choose a new password',
    description:
      'The same answer and time whether there is an account or not. An address gets three mails an hour at most.',
    access: 'public',
    limit: { perMinute: 30 },
    status: 202,
    body: forgottenPassword,
    handle: ({ body }, { call }) => passwordReset.forgotten(call, body),
  })

  kit.platformRoute('POST /auth/password/reset', {
    summary: 'Choose a new password with the link of a mail',
    description: 'The link works once, for an hour. All sessions end; log in with the new password.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    body: newPassword,
    handle: ({ body }, { call }, request) => passwordReset.reset(call, body, request),
  })

  kit.platformRoute('POST /auth/email/verify', {
    summary: 'Confirm with the link of a mail, and your password, that your address is yours',
    description: 'The password shows that whoever reads the mail is whoever registered.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    body: mailedProof,
    handle: ({ body }, { call }, request) => verification.verify(call, body, request),
  })

  kit.platformRoute('POST /auth/email/confirm', {
    summary: 'Confirm your new address with the link of a mail, and your password; other sessions end',
    description: 'The password shows that whoever reads the mail is whoever asked for the change.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    body: mailedProof,
    handle: ({ body }, { call }, request) => emailAddresses.confirm(call, body, request),
  })
}
