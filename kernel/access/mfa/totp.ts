/** What an authenticator app is given, once. */
export interface Enrolment {
  /** Base32, to be typed in where no picture can be taken. */
  readonly secret: string
  readonly otpauth_url: string
  /** The same address as a picture. */
  readonly qr_svg: string
}

/** RFC 6238 as every authenticator app speaks it: HMAC-SHA-1, six digits, a new code each 30 seconds. */
const PERIOD_SECONDS = 30
/** RFC 4226, 4: a secret as long as the digest. */
const SECRET_BYTES = 20
const CODE = /^\d{6}$/

/** Makes a secret, with what an app needs to take it in. @param account the user's e-mail */
export async function enrol(issuer: string, account: string): Promise<Enrolment> {
  const [{ generateSecret, generateURI }, { renderSVG }] = await Promise.all([import('otplib'), import('uqr')])
  const secret = generateSecret({ length: SECRET_BYTES })
  // A colon parts issuer and account in such an address, and is in neither.
  const otpauth_url = generateURI({ issuer: issuer.replaceAll(':', ' '), label: account, secret })
  return { secret, otpauth_url, qr_svg: renderSVG(otpauth_url, { ecc: 'M', border: 2 }) }
}

/**
 * The time step whose code this is: the present one, the one before or the one after, as clocks differ and typing takes a
 * while. Undefined when it is none of theirs.
 */
export async function stepOf(secret: string, code: string, now: Date): Promise<number | undefined> {
  if (!CODE.test(code)) return undefined
  const { verify } = await import('otplib')
  const epoch = Math.floor(now.getTime() / 1000)
  const found = await verify({ secret, token: code, epoch, period: PERIOD_SECONDS, epochTolerance: PERIOD_SECONDS })
  return found.valid && 'timeStep' in found ? found.timeStep : undefined
}
