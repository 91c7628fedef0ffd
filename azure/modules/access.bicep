// What the app's identities may do: read secrets, read or write the blobs of snaps, and sign addresses of blobs.
param vaultName string
param storageName string
param containerName string
param principals string[]

@description('Publishing a snap writes; without it reading is enough.')
param writesBlobs bool

var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var storageBlobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var storageBlobDelegator = 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
var roles = 'Microsoft.Authorization/roleDefinitions'
var keyVaultSecretsUser = subscriptionResourceId(roles, '4633458b-17de-408a-b874-0445c86b69e6')
var delegatorRole = subscriptionResourceId(roles, storageBlobDelegator)
var blobRole = subscriptionResourceId(roles, writesBlobs ? storageBlobDataContributor : storageBlobDataReader)

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: vaultName
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: storageName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource container 'containers' existing = { name: containerName }
  }
}

resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in principals: {
    name: guid(vault.id, principal, keyVaultSecretsUser)
    scope: vault
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: keyVaultSecretsUser }
  }
]

resource snaps 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in principals: {
    name: guid(account::blobs::container.id, principal, blobRole)
    scope: account::blobs::container
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: blobRole }
  }
]

// A user-delegation key is asked of the account: no role on a container allows it.
resource delegation 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in principals: {
    name: guid(account.id, principal, delegatorRole)
    scope: account
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: delegatorRole }
  }
]
