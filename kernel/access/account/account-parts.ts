import type { AccessParts } from '../access-plugin.ts'
import { AcceptInvitation } from './accept-invitation.ts'
import { AccountMails } from './account-mails.ts'
import { EmailAddresses } from './email-addresses.ts'
import { Invitations } from './invitations.ts'
import { PasswordReset } from './password-reset.ts'
import { Verification } from './verification.ts'

/** What the routes about accounts work with. */
export interface AccountParts {
  readonly mails: AccountMails
  readonly invitations: Invitations
  readonly acceptInvitation: AcceptInvitation
  readonly passwordReset: PasswordReset
  readonly emailAddresses: EmailAddresses
  readonly verification: Verification
}

/** Puts them together. */
export function accountParts(parts: AccessParts): AccountParts {
  const mails = new AccountMails(parts.settings.APP_BASE_URL)
  return {
    mails,
    invitations: new Invitations({ ...parts, mails }),
    acceptInvitation: new AcceptInvitation(parts),
    passwordReset: new PasswordReset({ ...parts, mails }),
    emailAddresses: new EmailAddresses({ ...parts, mails }),
    verification: new Verification({ ...parts, mails }),
  }
}
