import path from 'node:path'
import { z } from 'zod'
import { flag, integer, text } from '../../config/setting.ts'
import type { Deployment } from '../../kernel/contract.ts'
import { AzureStore } from './stores/azure-store.ts'
import type { BlobStore } from './stores/blob-store.ts'
import { LocalStore } from './stores/local-store.ts'

const SHORTEST_TOKEN = 16
const account = 'a name, or an address such as https://stmonozu.blob.core.windows.net'

const isAddress = (value: string): boolean => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/** The settings of snaps. */
export const snapSettings = z.object({
  SNAP_PUBLISH_TOKEN: text(
    'Token with which snaps are published, sent as X-Snap-Publish-Token. Without it nobody can.',
    {
      secret: true,
      production: 'real',
      expected: `at least ${SHORTEST_TOKEN} characters`,
    },
  )
    .min(SHORTEST_TOKEN)
    .optional(),
  SNAP_MAX_BYTES: integer(1, 100_000_000_000, 'Largest package that is taken.').default(536_870_912),
  SNAP_LINK_MINUTES: integer(1, 1440, 'How long an address for a download may be used to begin one.').default(15),
  SNAP_BLOB_LOCAL_ROOT: text('Folder of the packages, where they are not on Azure. Instances must share it.', {
    expected: 'a folder',
    fallback: '`snaps` in DATA_DIR',
  }).optional(),
  SNAP_DOWNLOAD_THROUGH_API: flag(
    'Also where packages are on Azure, devices get them from this server: for networks that let devices reach only that.',
  ).default(false),
  AZURE_STORAGE_ACCOUNT: text(
    'Storage account of the packages, signed in to with the managed identity; then SNAP_BLOB_LOCAL_ROOT is not used.',
    { expected: account },
  )
    .refine(value => /^[a-z0-9]{3,24}$/.test(value) || isAddress(value))
    .optional(),
  AZURE_STORAGE_CONTAINER: text('Container of the packages.', { expected: 'the name of a container' })
    .regex(/^[a-z0-9](-?[a-z0-9]){2,62}$/)
    .default('snaps'),
  AZURE_STORAGE_CONNECTION_STRING: text(
    'Connection string with a key or a shared access signature in place of AZURE_STORAGE_ACCOUNT: for Azurite, or where there is no identity.',
    { secret: true, expected: '`DefaultEndpointsProtocol=…;AccountName=…;AccountKey=…`' },
  )
    .regex(/^(?=.*DefaultEndpointsProtocol=).*AccountKey=.|SharedAccessSignature=.|^UseDevelopmentStorage=true/)
    .optional(),
  AZURE_STORAGE_PUBLIC_URL: text('Address of the storage account as devices reach it, where that is another one.', {
    expected: 'an address such as https://packages.example.com',
  })
    .refine(isAddress)
    .optional(),
})

/** The settings of snaps, checked. */
export type SnapSettings = z.output<typeof snapSettings>

/** The store that the settings name. Nothing is asked of it yet. */
export function openStore(
  settings: SnapSettings,
  { dataDir, azure }: Pick<Deployment, 'dataDir' | 'azure'>,
): BlobStore {
  const { AZURE_STORAGE_ACCOUNT: name, AZURE_STORAGE_CONNECTION_STRING: connection } = settings
  if (name === undefined && connection === undefined) {
    return new LocalStore(path.resolve(settings.SNAP_BLOB_LOCAL_ROOT ?? path.join(dataDir, 'snaps')))
  }
  return new AzureStore({
    container: settings.AZURE_STORAGE_CONTAINER,
    connection,
    account: connection === undefined ? name : undefined,
    publicUrl: settings.AZURE_STORAGE_PUBLIC_URL,
    credential: azure,
  })
}
