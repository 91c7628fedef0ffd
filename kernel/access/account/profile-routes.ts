import type { z } from 'zod'
import type { AccessKit } from '../access-plugin.ts'
import { signedInUser } from '../signed-in-user.ts'
import type { AccountParts } from './account-parts.ts'
import { appearance, readAppearance, writeAppearance } from './appearance.ts'
import { emailChange } from './email-addresses.ts'

/** What users say about themselves: how things look, and where mail reaches them. */
export function profileRoutes(kit: AccessKit, { emailAddresses, verification }: AccountParts): void {
  kit.route('GET /me/appearance', {
    summary: 'How the application looks to you',
    permission: 'signed-in',
    returns: appearance,
    handle: (_input, { call }) => readAppearance(call.db, signedInUser(call).id),
  })

  kit.route('PUT /me/appearance', {
    summary: 'Choose how the application looks to you; what is left out has its default',
    permission: 'signed-in',
    body: appearance,
    returns: appearance,
    handle: ({ body }, { call }): Promise<z.input<typeof appearance>> =>
      writeAppearance(call, signedInUser(call).id, body),
  })

  kit.route('POST /me/email', {
    summary: 'Ask for another e-mail address; it is yours once you open the link that is sent there',
    description:
      'The same answer whether the address is free or not. Your present address is told. Once it is confirmed, your other ' +
      'sessions end.',
    permission: 'signed-in',
    atomic: false,
    limit: { perMinute: 10 },
    status: 202,
    body: emailChange,
    handle: ({ body }, { call }) => emailAddresses.ask(call, signedInUser(call), body),
  })

  kit.route('POST /me/email/verify', {
    summary: 'Send the link again that shows that your address is yours',
    description: 'Nothing is sent when that is known, and three mails an hour at most.',
    permission: 'signed-in',
    limit: { perMinute: 10 },
    status: 202,
    handle: (_input, { call }) => verification.sendAgain(call.db, signedInUser(call).id, call.now()),
  })
}
