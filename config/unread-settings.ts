import type { Environment } from './parse-settings.ts'

/** Settings of the product whose part of it is not in this version. A name leaves this list when a schema takes it. */
export const laterSettings: readonly string[] = [
  'MFA_ISSUER',
  'AUTH_ALLOWED_EMAIL_DOMAINS',
  'MS_CLIENT_ID',
  'MS_CLIENT_SECRET',
  'APP_BASE_URL',
  'RESEND_API_KEY',
  'RESEND_FROM_ADDR',
  'MAINTENANCE_NOTIFY_TICKER_MINUTES',
  'MANAGEMENT_API_URL',
  'ADMIN_PANEL_ENABLED',
]

/** Those of them that are set, so that a start can say that they have no effect. */
export const unreadSettings = (env: Environment): readonly string[] =>
  laterSettings.filter(name => (env[name]?.trim() ?? '') !== '')
