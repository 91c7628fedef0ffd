import type { MailMessage } from './mail-queue.ts'

const LONGEST_SUBJECT = 200
const LONGEST_NAME = 80

/** A mail in its two forms, which say the same. */
export interface MailText {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Lays a mail out. @param home address of the web application, for the last line */
export function mailText({ subject, text, action }: MailMessage, home: string): MailText {
  const paragraphs = text.map(paragraph => paragraph.trim()).filter(Boolean)
  const last = `This mail was sent by Monozu Cloud, ${home}. Nobody reads answers to it.`
  return {
    subject: oneLine(subject, LONGEST_SUBJECT),
    text: `${[...paragraphs, ...(action ? [`${action.label}:\n${action.url}`] : []), `-- \n${last}`].join('\n\n')}\n`,
    html: page(subject, [...paragraphs.map(paragraph), ...(action ? button(action) : [])], last),
  }
}

/** One line without control characters, at most so long: what stands in a header of a mail. */
export function oneLine(text: string, longest: number): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...line]
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : line
}

/**
 * A name that somebody chose, for a mail to somebody else: short, and nothing in it that a mail program would take for a
 * link. Whoever can have mails sent to strangers could otherwise advertise in them.
 */
export const nameInMail = (name: string): string => oneLine(name, LONGEST_NAME).replace(/([.:/@\\])(?=\S)/g, '$1 ')

const paragraph = (text: string): string =>
  `<p style="margin:0 0 16px">${escapeHtml(text).replaceAll('\n', '<br>\n')}</p>`

function button({ label, url }: NonNullable<MailMessage['action']>): string[] {
  const href = escapeHtml(webAddress(url))
  return [
    `<p style="margin:24px 0"><a href="${href}" style="display:inline-block;padding:12px 20px;border-radius:6px;` +
      `background:#1f4fd8;color:#ffffff;text-decoration:none;font-weight:600">${escapeHtml(label)}</a></p>`,
    '<p style="margin:0 0 16px;color:#555555;font-size:13px">If the button does not work, open this address:<br>\n' +
      `<a href="${href}" style="color:#1f4fd8;word-break:break-all">${href}</a></p>`,
  ]
}

const page = (title: string, blocks: readonly string[], last: string): string =>
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body style="margin:0;padding:24px;background:#f4f5f7">
<div style="max-width:560px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px;color:#1c1e21;font:16px/1.5 Arial,sans-serif">
${blocks.join('\n')}
<p style="margin:24px 0 0;color:#777777;font-size:12px">${escapeHtml(last)}</p>
</div>
</body>
</html>
`

/** @throws TypeError for what is no address of the web, such as `javascript:` */
function webAddress(url: string): string {
  const { protocol, href } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') throw new TypeError(`a mail cannot link to ${protocol}`)
  return href
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, character => entities[character] ?? character)
