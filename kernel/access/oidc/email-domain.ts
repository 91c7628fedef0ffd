import { z } from 'zod'

/** A domain of e-mail addresses, in ASCII: `münchen.example` is `xn--mnchen-3ya.example`. */
export const emailDomain = z
  .string()
  .trim()
  .toLowerCase()
  .max(253)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/, 'must be a domain such as acme.example')

/** Where everybody can have an address: whoever proved one of these would speak for strangers. */
const PUBLIC = new Set(
  `aol.com duck.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com
  hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com inbox.lv laposte.net libero.it live.com mac.com
  mail.com mail.de mail.ru mailbox.org me.com msn.com onmicrosoft.com orange.fr outlook.com outlook.de pm.me posteo.de
  proton.me protonmail.ch protonmail.com qq.com 126.com 163.com seznam.cz t-online.de tuta.com tutanota.com web.de wp.pl
  yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.com yandex.ru ymail.com zoho.com`.split(/\s+/),
)

/** True for the domain of a mail service that is open to everybody. */
export const isPublicMailDomain = (domain: string): boolean => PUBLIC.has(domain)
