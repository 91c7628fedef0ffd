import { z } from 'zod'
import type { AccessKit } from '../access-plugin.ts'
import { permissionsOf } from '../authenticator.ts'
import type { PermissionCatalogue } from '../permissions.ts'
import { signedInBody } from '../sign-in.ts'
import { signedInUser } from '../signed-in-user.ts'
import { findUser } from '../user-directory.ts'
import type { Mfa } from './mfa.ts'

/** Six digits, with the space that apps show in the middle, or without. */
const totpCode = z
  .string()
  .max(20)
  .transform(code => code.replaceAll(/\s/g, ''))
  .refine(code => /^\d{6}$/.test(code), 'must be the six digits that the app shows')
const recoveryCode = z.string().min(1).max(40)
const sessionToken = z.string().min(1).max(100).describe('From the answer of the log-in')
const password = z.string().max(1000)

/** One of several keys, as each says who somebody is. */
const oneOf =
  (...keys: readonly string[]) =>
  (given: object): boolean =>
    keys.filter(key => key in given).length === 1

const verification = z
  .strictObject({
    session_token: sessionToken,
    totp_code: totpCode.optional(),
    recovery_code: recoveryCode.optional(),
  })
  .refine(oneOf('totp_code', 'recovery_code'), 'send either totp_code or recovery_code')

const switchOff = z
  .strictObject({
    password: password.optional(),
    totp_code: totpCode.optional(),
    recovery_code: recoveryCode.optional(),
  })
  .refine(oneOf('password', 'totp_code', 'recovery_code'), 'send one of password, totp_code and recovery_code')

const recoveryCodes = z.object({ recovery_codes: z.array(z.string()) })

interface MfaRoutesParts {
  readonly mfa: Mfa
  readonly catalogue: PermissionCatalogue
}

/** Second factors (contract 15.2). */
export function mfaRoutes(kit: AccessKit, { mfa, catalogue }: MfaRoutesParts): void {
  kit.platformRoute('POST /auth/mfa/verify', {
    summary: 'The second step of a log-in',
    description:
      'Takes a code of the app or a recovery code, answers as the log-in does. Five wrong codes end the log-in.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 60 },
    body: verification,
    returns: signedInBody,
    handle: ({ body }, { call }, request) => mfa.verify(call, body.session_token, body, request),
  })

  kit.platformRoute('POST /auth/mfa/setup', {
    summary: 'Begin to set up a second factor',
    description: 'With an access token, or with the session_token of a log-in that asks for it.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    secretAnswer: true,
    body: z.strictObject({ session_token: sessionToken.optional() }),
    returns: z.object({ secret: z.string(), otpauth_url: z.string(), qr_svg: z.string() }),
    handle: ({ body }, { call }, request) => mfa.setUp(call, body.session_token, request),
  })

  kit.platformRoute('POST /auth/mfa/enable', {
    summary: 'Switch the second factor on with a first code',
    description:
      'Answers ten recovery codes, which are shown this once. With a session_token also the tokens of the log-in. With an ' +
      'access token whose session began more than ten minutes ago the password is wanted. Other sessions end.',
    access: 'public',
    atomic: false,
    limit: { perMinute: 30 },
    secretAnswer: true,
    body: z.strictObject({
      session_token: sessionToken.optional(),
      totp_code: totpCode,
      password: password.optional(),
    }),
    returns: z.union([signedInBody.extend(recoveryCodes.shape), recoveryCodes]),
    handle: ({ body }, { call }, request) => mfa.enable(call, body, request),
  })

  kit.route('POST /auth/mfa/disable', {
    summary: 'Switch the second factor off',
    description: 'Takes the password, a code of the app or a recovery code. Other sessions end.',
    permission: 'signed-in',
    atomic: false,
    body: switchOff,
    handle: ({ body }, { call }) => mfa.disable(call, signedInUser(call), body),
  })

  kit.route('POST /auth/mfa/recovery-codes', {
    summary: 'Make new recovery codes; the ones before stop working',
    permission: 'signed-in',
    atomic: false,
    secretAnswer: true,
    body: z.strictObject({ totp_code: totpCode }),
    returns: recoveryCodes,
    handle: async ({ body }, { call }) => ({
      recovery_codes: await mfa.newRecoveryCodes(call, signedInUser(call), body.totp_code),
    }),
  })

  kit.route('GET /me/mfa', {
    summary: 'How your second factor stands',
    permission: 'signed-in',
    returns: z.object({
      enabled: z.boolean(),
      required: z.boolean().describe('The account asks everybody for one'),
      recovery_codes_left: z.int(),
    }),
    handle: (_input, { call }) => mfa.state(call.db, signedInUser(call).id),
  })

  kit.route('DELETE /users/:id/mfa', {
    summary: "Take a user's second factor away",
    description: 'For who has lost the device. Their sessions end, and they are told by mail.',
    permission: 'users:manage',
    handle: async ({ params }, { call }) => {
      const { body } = await findUser(call.db, params.id)
      catalogue.requireHeld(call, (await permissionsOf(call.db, body.id)).granted, cannotAct)
      await mfa.reset(call, body.id)
    },
  })
}

const cannotAct = (what: string): string => `This user has ${what}, which you do not have: you cannot act on them.`
