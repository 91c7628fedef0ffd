// The blobs of snaps. No keys: identities only.
param name string
param publicAccess bool
param location string
param tags object

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_ZRS' }
  properties: {
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      isVersioningEnabled: true
      deleteRetentionPolicy: { enabled: true, days: 30 }
      containerDeleteRetentionPolicy: { enabled: true, days: 30 }
    }

    resource snaps 'containers' = {
      name: 'snaps'
      properties: { publicAccess: 'None' }
    }
  }
}

output id string = account.id
output name string = account.name
output containerName string = account::blobs::snaps.name
