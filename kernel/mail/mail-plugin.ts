import { z } from 'zod'
import type { Config } from '../../config/load.ts'
import { type AnyPlugin, definePlugin } from '../contract.ts'
import type { Sealer } from '../secrets/sealed.ts'
import { deleteOldFiles, fileTransport, mailFolder } from './file-transport.ts'
import { KEPT_MS, longWaiting, MailRows } from './mail-rows.ts'
import { sendMails } from './send-mails.ts'
import { smtpServer, smtpTransport } from './smtp-transport.ts'

/** The plugin that sends mails, and its job. */
export const MAIL = 'mail'
export const SEND_JOB = 'send'

/** The settings of mail. */
export type MailSettings = Pick<Config, 'SMTP_URL' | 'RESEND_API_KEY' | 'RESEND_FROM_ADDR' | 'APP_BASE_URL'>

/** Sends the mails that were queued: by SMTP, or to files where no server is set. */
export function mailPlugin(settings: MailSettings, sealer: Sealer): AnyPlugin {
  const { RESEND_FROM_ADDR: from, APP_BASE_URL: home } = settings
  const server = smtpServer(settings)
  return definePlugin({
    name: MAIL,
    version: '1.0.0',
    title: 'Mail',
    segments: [],
    setup(kit) {
      const { production, dataDir } = kit.deployment
      const folder = mailFolder(dataDir)
      if (production && !server) {
        kit.log.warn(
          { folder },
          'neither SMTP_URL nor RESEND_API_KEY is set: mails are written to files and reach nobody',
        )
      }
      kit.job(SEND_JOB, {
        scope: 'platform',
        // What failed is tried again by the clock; what is new has a run of its own.
        every: '1 minute',
        data: z.object({}),
        // Without a result: the run may be a tenant's, and what it sends is everybody's.
        async run(_data, { call }) {
          await sendMails(call, {
            sealer,
            home,
            open: () => (server ? smtpTransport(server, from) : fileTransport(folder, from, kit.log)),
          })
        },
      })
      kit.job('prune', {
        scope: 'platform',
        every: '1 day',
        data: z.object({}),
        async run(_data, { call }) {
          const deleted = await new MailRows(call.db, () => call.now()).prune()
          const files = await deleteOldFiles(folder, new Date(call.now().getTime() - KEPT_MS))
          return { deleted, files }
        },
      })
      kit.healthy(async ({ call }) => {
        const left = await longWaiting(call.db, call.now())
        if (left > 0) throw new Error(`${left} mails were tried in vain for more than half an hour; see the log`)
      })
    },
  }) as unknown as AnyPlugin
}
