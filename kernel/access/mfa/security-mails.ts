import type { TenantDb } from '../../data/tenant-db.ts'
import type { MailQueue } from '../../mail/mail-queue.ts'

/** What a user is told of by mail, because somebody else may have done it. */
export type SecurityEvent =
  | 'mfa-enabled'
  | 'mfa-disabled'
  | 'mfa-reset'
  | 'recovery-code-used'
  | 'recovery-codes-made'
  | 'password-changed'

const TEXTS: Readonly<Record<SecurityEvent, { readonly subject: string; readonly said: string }>> = {
  'mfa-enabled': {
    subject: 'Your second factor is on',
    said: 'From now on a code of your authenticator app is needed to log in to your account.',
  },
  'mfa-disabled': {
    subject: 'Your second factor is off',
    said: 'The second factor of your account was switched off. From now on your password alone is enough to log in.',
  },
  'mfa-reset': {
    subject: 'An administrator removed your second factor',
    said: 'An administrator removed the second factor of your account and ended your sessions.',
  },
  'recovery-code-used': {
    subject: 'A recovery code was used',
    said: 'One of your recovery codes was used instead of a code of your authenticator app. It does not work again.',
  },
  'recovery-codes-made': {
    subject: 'You have new recovery codes',
    said: 'New recovery codes were made for your account. The ones before do not work any more.',
  },
  'password-changed': {
    subject: 'Your password was changed',
    said: 'The password of your account was changed. Other sessions have ended.',
  },
}

/** Tells a user, in the transaction of what happened. */
export async function tellByMail(
  mail: MailQueue,
  db: TenantDb,
  userId: string,
  event: SecurityEvent,
  now: Date,
): Promise<void> {
  const user: { email: string } | undefined = await db.table('users').where('id', userId).first('email')
  if (!user) return
  const { subject, said } = TEXTS[event]
  const at = `${now.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  await mail.queue(
    db,
    {
      to: user.email,
      subject,
      text: [
        said,
        `This was at ${at}.`,
        'Was it not you? Then change your password and tell an administrator of your account.',
      ],
    },
    now,
  )
}
