import type { MailMessage } from '../../mail/mail-queue.ts'
import { nameInMail } from '../../mail/mail-text.ts'

/** An invitation, as its mail tells of it. */
export interface InvitationMail {
  readonly to: string
  readonly tenantName: string
  /** Undefined when it was no person. */
  readonly inviter: string | undefined
}

const NOT_YOU = 'Was it not you? Then you need not do anything.'

/**
 * The mails about accounts. Each goes to somebody of whom a stranger may know the address, so none says more than its
 * reader knows, and names that others chose are made harmless.
 */
export class AccountMails {
  readonly #app: string

  /** @param app address of the web application */
  constructor(app: string) {
    this.#app = app
  }

  invitation({ to, tenantName, inviter }: InvitationMail, token: string): MailMessage {
    const tenant = nameInMail(tenantName)
    return {
      to,
      subject: `You are invited to ${tenant}`,
      text: [
        inviter === undefined
          ? `You are invited to join "${tenant}" on Monozu Cloud.`
          : `${nameInMail(inviter)} has invited you to join "${tenant}" on Monozu Cloud.`,
        'The invitation works once, for seven days.',
      ],
      action: this.#link('Join', `/invite/${token}`),
    }
  }

  /** An address belongs to one account: whoever has it elsewhere can only be invited under another one. */
  invitedElsewhere({ to, tenantName, inviter }: InvitationMail): MailMessage {
    const tenant = nameInMail(tenantName)
    return {
      to,
      subject: `You are invited to ${tenant}`,
      text: [
        `${inviter === undefined ? 'An administrator' : nameInMail(inviter)} wants you to join "${tenant}" on Monozu Cloud.`,
        'You have an account with this address already, and an address can only have one. If you want to join, ask to be ' +
          'invited under another address. Whoever invited you was not told that you have an account.',
      ],
    }
  }

  verifyEmail(to: string, token: string): MailMessage {
    return {
      to,
      subject: 'Confirm your e-mail address',
      text: [
        'Somebody, probably you, registered an account on Monozu Cloud with this address.',
        'Open the link only if it was you: otherwise somebody else has an account that counts as yours. It works once, for ' +
          'three days.',
      ],
      action: this.#link('Confirm the address', `/verify-email/${token}`),
    }
  }

  accountExists(to: string): MailMessage {
    return {
      to,
      subject: 'You have an account already',
      text: [
        'Somebody, probably you, tried to register an account on Monozu Cloud with this address. You have one already, so ' +
          'no other was made.',
        `If you do not know your password any more, choose a new one at ${this.#app}/forgot-password. ${NOT_YOU}`,
      ],
      action: this.#link('Log in', '/login'),
    }
  }

  resetPassword(to: string, token: string): MailMessage {
    return {
      to,
      subject: 'Choose a new password',
      text: [
        'Somebody, probably you, asked for a new password for your account on Monozu Cloud.',
        `The link works once, for an hour. ${NOT_YOU} Your password stays as it is.`,
      ],
      action: this.#link('Choose a new password', `/reset-password/${token}`),
    }
  }

  /** For whoever logs in elsewhere. */
  noPassword(to: string): MailMessage {
    return {
      to,
      subject: 'How you log in',
      text: [
        'Somebody, probably you, asked for a new password for your account on Monozu Cloud.',
        'Your account has no password here: you log in with the identity provider of your organisation, such as Microsoft. ' +
          `A password that you have forgotten is changed there. ${NOT_YOU}`,
      ],
      action: this.#link('Log in', '/login'),
    }
  }

  confirmEmail(to: string, token: string): MailMessage {
    return {
      to,
      subject: 'Confirm your new e-mail address',
      text: [
        'Somebody, probably you, wants to use this address for their account on Monozu Cloud.',
        `The link works once, for a day. ${NOT_YOU}`,
      ],
      action: this.#link('Use this address', `/confirm-email/${token}`),
    }
  }

  /** For the owner of an address that somebody else wants to use. */
  addressWanted(to: string): MailMessage {
    return {
      to,
      subject: 'You have an account already',
      text: [
        'Somebody wanted to use this address for another account on Monozu Cloud. You have an account with it already, so ' +
          'nothing was changed.',
        NOT_YOU,
      ],
    }
  }

  /** For the present address, when somebody asks for another one: the same whether that one is free or not. */
  emailChangeAsked(to: string, wanted: string): MailMessage {
    return {
      to,
      subject: 'Your e-mail address is about to change',
      text: [
        `Somebody, probably you, asked to change the address of your account to ${wanted}. It changes once that address ` +
          'is confirmed.',
        'Was it not you? Then change your password now: it was known to whoever did this.',
      ],
      action: this.#link('Choose a new password', '/forgot-password'),
    }
  }

  /** For the address that was. */
  emailChanged(to: string, now: string): MailMessage {
    return {
      to,
      subject: 'Your e-mail address was changed',
      text: [
        `The address of your account is ${now} now. You log in with that one; this one gets no more mail about it.`,
        'Was it not you? Then tell an administrator of your account at once.',
      ],
    }
  }

  #link(label: string, path: string): NonNullable<MailMessage['action']> {
    return { label, url: this.#app + path }
  }
}
