import test from 'ava'
import { mssqlConnection, parseConnection } from '../../config/sql-server-connection.ts'

const parse = (text: string) => parseConnection(text, 'DATABASE_URL')

test('reads a URL', t => {
  t.deepEqual(parse('sqlserver://sa:p%40ss%3B@localhost:14330?database=monozu&encrypt=disable'), {
    server: 'localhost',
    database: 'monozu',
    user: 'sa',
    password: 'p@ss;',
    encrypt: false,
    options: { port: 14330, trustServerCertificate: false, appName: 'monozu-cloud-backend' },
  })
})

test('encrypts unless told otherwise', t => {
  t.is(parse('sqlserver://a:b@h?database=d').encrypt, true)
  t.is(parse('sqlserver://a:b@h?database=d&encrypt=strict').encrypt, 'strict')
  t.is(parse('Server=h;Database=d;Encrypt=False').encrypt, false)
  t.true(parse('sqlserver://a:b@h?database=d&TrustServerCertificate=true').options.trustServerCertificate)
})

test('reads an ADO connection string', t => {
  t.deepEqual(
    parse('Server=tcp:db.example.net,1444;Initial Catalog=monozu;User ID=app;Password="a;b""c";Encrypt=True;'),
    {
      server: 'db.example.net',
      database: 'monozu',
      user: 'app',
      password: 'a;b"c',
      encrypt: true,
      options: { port: 1444, trustServerCertificate: false, appName: 'monozu-cloud-backend' },
    },
  )
})

test('reads a named instance and an identity', t => {
  t.is(parse('Data Source=host\\SQLEXPRESS;Database=d;User Id=a;Password=b').options.instanceName, 'SQLEXPRESS')
  t.like(parse('Server=h;Database=d;Authentication=Active Directory Managed Identity;User Id=client'), {
    type: 'azure-active-directory-default',
    clientId: 'client',
  })
})

test('SQL_SERVER with the managed identity wins over DATABASE_URL, unless IS_DEV', t => {
  const DATABASE_URL = 'sqlserver://sa:x@localhost?database=dev'
  const both = { SQL_SERVER: 'db.database.windows.net', SQL_DATABASE: 'cloud', DATABASE_URL }
  t.like(mssqlConnection(both), {
    server: 'db.database.windows.net',
    database: 'cloud',
    type: 'azure-active-directory-default',
    encrypt: true,
  })
  t.is(mssqlConnection({ ...both, AZURE_CLIENT_ID: 'id' }).clientId, 'id')
  t.is(mssqlConnection({ ...both, IS_DEV: true }).database, 'dev')
})

test('faults name the setting and never the secret', t => {
  for (const text of ['sqlserver://a:secret@h', 'Server=h;Password=secret', 'Database=d;Password=secret', 'secret']) {
    const error = t.throws(() => parse(text))
    t.regex(error?.message ?? '', /^DATABASE_URL /)
    t.notRegex(error?.message ?? '', /secret/)
  }
  t.throws(() => mssqlConnection({ SQL_SERVER: 'h' }), { message: /SQL_DATABASE/ })
})
