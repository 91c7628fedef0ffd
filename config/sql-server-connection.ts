/** How a SQL Server is reached: the form that Knex hands to tedious. */
export interface MssqlConnection {
  readonly server: string
  readonly database: string
  readonly user?: string
  readonly password?: string
  /** The kind of sign-in, when it is not user and password. */
  readonly type?: 'azure-active-directory-default'
  /** A user-assigned managed identity. */
  readonly clientId?: string
  readonly encrypt: boolean | 'strict'
  readonly options: {
    readonly port?: number
    readonly instanceName?: string
    readonly trustServerCertificate: boolean
    readonly appName: string
  }
}

/** The environment's words for it (contract, section 12). */
export interface MssqlEnvironment {
  readonly DATABASE_URL?: string | undefined
  readonly SQL_SERVER?: string | undefined
  readonly SQL_DATABASE?: string | undefined
  readonly AZURE_CLIENT_ID?: string | undefined
  readonly IS_DEV?: boolean | undefined
}

const APP_NAME = 'monozu-cloud-backend'

/**
 * The connection that the settings mean: SQL_SERVER with the managed identity, unless IS_DEV asks for DATABASE_URL.
 * @throws Error that names the setting at fault, without its value.
 */
export function mssqlConnection(settings: MssqlEnvironment): MssqlConnection {
  const { SQL_SERVER, SQL_DATABASE, DATABASE_URL, AZURE_CLIENT_ID, IS_DEV } = settings
  if (SQL_SERVER && !(IS_DEV && DATABASE_URL)) {
    if (!SQL_DATABASE) throw new Error('SQL_DATABASE must name the database on SQL_SERVER')
    return {
      server: SQL_SERVER,
      database: SQL_DATABASE,
      type: 'azure-active-directory-default',
      ...(AZURE_CLIENT_ID ? { clientId: AZURE_CLIENT_ID } : {}),
      encrypt: true,
      options: { port: 1433, trustServerCertificate: false, appName: APP_NAME },
    }
  }
  if (!DATABASE_URL) throw new Error('DATABASE_URL or SQL_SERVER must say where the SQL Server is')
  return parseConnection(DATABASE_URL, 'DATABASE_URL')
}

/**
 * Reads `sqlserver://user:password@host:port?database=…&encrypt=disable` or `Server=…;Database=…;User Id=…`.
 * @param setting its name, for the error
 */
export function parseConnection(text: string, setting: string): MssqlConnection {
  return /^(sqlserver|mssql):\/\//i.test(text) ? parseUrl(text, setting) : parseAdo(text, setting)
}

function parseUrl(text: string, setting: string): MssqlConnection {
  if (!URL.canParse(text)) {
    throw new Error(`${setting} is not a URL: special characters in user and password must be percent-encoded`)
  }
  const url = new URL(text)
  const query = new Map<string, string>()
  for (const [name, value] of url.searchParams) query.set(name.toLowerCase(), value)
  const instance = decodeURIComponent(url.pathname.slice(1))
  return connection(setting, {
    server: decodeURIComponent(url.hostname),
    port: url.port,
    instance,
    database: query.get('database'),
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    encrypt: query.get('encrypt'),
    trust: query.get('trustservercertificate'),
    authentication: query.get('fedauth'),
    clientId: undefined,
    appName: query.get('app name'),
  })
}

function parseAdo(text: string, setting: string): MssqlConnection {
  const words = adoWords(text, setting)
  const first = (...names: string[]) => names.map(name => words.get(name)).find(value => value !== undefined)
  const address = (first('server', 'data source', 'address', 'addr', 'network address') ?? '').replace(/^tcp:/i, '')
  const [place = '', port = ''] = address.split(',')
  const [server = '', instance = ''] = place.split('\\')
  const authentication = first('authentication')
  const user = first('user id', 'uid', 'user')
  return connection(setting, {
    server: server.trim(),
    port: port.trim(),
    instance,
    database: first('database', 'initial catalog'),
    user: authentication ? undefined : user,
    password: first('password', 'pwd'),
    encrypt: first('encrypt'),
    trust: first('trustservercertificate', 'trust server certificate'),
    authentication,
    clientId: authentication ? user : undefined,
    appName: first('application name', 'app'),
  })
}

/** `Name=value;Name="a;b"` with names in lower case. A doubled quote inside a quoted value is one quote. */
function adoWords(text: string, setting: string): Map<string, string> {
  const words = new Map<string, string>()
  const pattern = /\s*([^=;]+?)\s*=\s*(?:"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([^;]*?))\s*(?:;|$)/y
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text)
    if (!found) {
      if (/^[\s;]*$/.test(text.slice(pattern.lastIndex))) break
      throw new Error(`${setting} is neither sqlserver://… nor Server=…;Database=…`)
    }
    const [, name = '', double, single, plain = ''] = found
    words.set(name.toLowerCase(), double?.replaceAll('""', '"') ?? single?.replaceAll("''", "'") ?? plain)
    if (pattern.lastIndex === text.length) break
  }
  return words
}

interface Parts {
  readonly server: string
  readonly port: string
  readonly instance: string
  readonly database: string | undefined
  readonly user: string | undefined
  readonly password: string | undefined
  readonly encrypt: string | undefined
  readonly trust: string | undefined
  readonly authentication: string | undefined
  readonly clientId: string | undefined
  readonly appName: string | undefined
}

function connection(setting: string, parts: Parts): MssqlConnection {
  if (!parts.server) throw new Error(`${setting} names no server`)
  if (!parts.database) throw new Error(`${setting} names no database`)
  const port = parts.port === '' ? 1433 : Number(parts.port)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${setting} has a port that is no port`)
  const signIn = parts.authentication
    ? { type: 'azure-active-directory-default' as const, ...(parts.clientId ? { clientId: parts.clientId } : {}) }
    : { user: parts.user ?? '', password: parts.password ?? '' }
  return {
    server: parts.server,
    database: parts.database,
    ...signIn,
    encrypt: encryption(parts.encrypt),
    options: {
      ...(parts.instance ? { instanceName: parts.instance } : { port }),
      trustServerCertificate: isYes(parts.trust),
      appName: parts.appName ?? APP_NAME,
    },
  }
}

/** Encrypted unless said otherwise. */
function encryption(word: string | undefined): boolean | 'strict' {
  if (word?.toLowerCase() === 'strict') return 'strict'
  return !['disable', 'false', 'no', 'optional'].includes(word?.toLowerCase() ?? '')
}

const isYes = (word: string | undefined): boolean => ['true', 'yes', '1'].includes(word?.toLowerCase() ?? '')
