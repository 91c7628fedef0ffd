import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Log } from '../log/log.ts'
import { mailFields } from './mail-fields.ts'
import { MailRefusal, type MailTransport } from './mail-transport.ts'

/** Where mails are kept when there is no mail server. */
export const mailFolder = (dataDir: string): string => path.join(dataDir, 'mail')

/** Writes each mail to a file of its own, readable by its owner alone. The newest one is the last by name. */
export async function fileTransport(folder: string, from: string, log: Log): Promise<MailTransport> {
  const { createTransport } = await import('nodemailer')
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'unix' })
  return {
    async send(mail) {
      const { message } = await composer.sendMail({
        ...mailFields(mail, from),
        alternatives: [readable('text/plain', mail.text), readable('text/html', mail.html)],
      })
      const time = mail.date.toISOString().replaceAll(':', '-')
      const name = `${time}-${mail.to.replace(/[^\w.@+-]+/g, '_').slice(0, 100)}-${mail.id.slice(-6)}.eml`
      const file = path.join(folder, name)
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        await writeFile(file, message, { mode: 0o600 })
      } catch (error) {
        throw new MailRefusal('server', (error as Error).message, error)
      }
      log.info({ file }, 'no mail server is set: a mail was written to a file')
    },
    close: () => composer.close(),
  }
}

/** A part of a mail as it is, not encoded for servers of long ago: people open these files. */
const readable = (type: string, content: string): { raw: string } => ({
  raw: `Content-Type: ${type}; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n${content}`,
})

/** Deletes the files that are older. @returns how many */
export async function deleteOldFiles(folder: string, before: Date): Promise<number> {
  let deleted = 0
  for (const name of await readdir(folder).catch(() => [])) {
    const file = path.join(folder, name)
    if (!name.endsWith('.eml') || (await stat(file)).mtime >= before) continue
    await rm(file, { force: true })
    deleted++
  }
  return deleted
}
