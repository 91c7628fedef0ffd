import test from 'ava'
import { smtpServer } from '../../../kernel/mail/smtp-transport.ts'

for (const [settings, server] of [
  [{}, undefined],
  [{ SMTP_URL: 'smtp://mail.acme.example' }, { host: 'mail.acme.example', port: 587, secure: false, login: undefined }],
  [
    { SMTP_URL: 'smtps://us%40er:p%2Fss@mail.acme.example' },
    { host: 'mail.acme.example', port: 465, secure: true, login: { user: 'us@er', pass: 'p/ss' } },
  ],
  [{ SMTP_URL: 'smtp://[::1]:2525' }, { host: '::1', port: 2525, secure: false, login: undefined }],
  [
    { RESEND_API_KEY: 're_123' },
    { host: 'smtp.resend.com', port: 465, secure: true, login: { user: 'resend', pass: 're_123' } },
  ],
  [
    { SMTP_URL: 'smtp://mail.acme.example:25', RESEND_API_KEY: 're_123' },
    { host: 'mail.acme.example', port: 25, secure: false, login: undefined },
  ],
] as const) {
  test(`mails go to the right server with ${JSON.stringify(settings)}`, t => {
    t.deepEqual(smtpServer(settings), server)
  })
}
