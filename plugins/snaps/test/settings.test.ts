import path from 'node:path'
import test from 'ava'
import { openStore, snapSettings } from '../settings.ts'
import { AzureStore } from '../stores/azure-store.ts'
import { LocalStore } from '../stores/local-store.ts'

const deployment = { dataDir: '/var/lib/monozu', azure: { getToken: () => Promise.reject(new Error('nobody')) } }
const storeFor = (env: Readonly<Record<string, string>>) => openStore(snapSettings.parse(env), deployment)

test('without a storage account packages are in a folder', t => {
  const store = storeFor({})
  t.true(store instanceof LocalStore)
  t.is(store.place, '/var/lib/monozu/snaps')
  t.is(storeFor({ SNAP_BLOB_LOCAL_ROOT: 'here' }).place, path.resolve('here'))
})

test('a storage account is named by its name, its address or a connection string', t => {
  const named = storeFor({ AZURE_STORAGE_ACCOUNT: 'stmonozu', SNAP_BLOB_LOCAL_ROOT: '/srv' })
  t.true(named instanceof AzureStore)
  t.is(named.place, 'https://stmonozu.blob.core.windows.net/snaps')
  const elsewhere = { AZURE_STORAGE_ACCOUNT: 'https://st.blob.core.chinacloudapi.cn/', AZURE_STORAGE_CONTAINER: 'ota' }
  t.is(storeFor(elsewhere).place, 'https://st.blob.core.chinacloudapi.cn/ota')
  const connection = 'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net'
  const connected = storeFor({ AZURE_STORAGE_CONNECTION_STRING: connection })
  t.true(connected instanceof AzureStore)
  t.false(connected.place.includes('c2VjcmV0'))
})

test('values that cannot work are refused', t => {
  for (const env of [
    { SNAP_PUBLISH_TOKEN: 'too-short' },
    { SNAP_MAX_BYTES: '0' },
    { SNAP_LINK_MINUTES: '0' },
    { AZURE_STORAGE_ACCOUNT: 'No_Account' },
    { AZURE_STORAGE_CONTAINER: '-' },
    { AZURE_STORAGE_CONNECTION_STRING: 'AccountName=a;AccountKey=b' },
    { AZURE_STORAGE_PUBLIC_URL: 'packages' },
  ]) {
    t.false(snapSettings.safeParse(env).success, JSON.stringify(env))
  }
})
