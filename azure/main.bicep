// One environment of the cloud backend: App Service with a staging slot, Azure SQL, Key Vault, Storage, monitoring.
//   az deployment group create --resource-group rg-monozu-prd --parameters azure/prod.bicepparam
// docs/operations.md says what comes before and after it.
targetScope = 'resourceGroup'

@description('Short name of the environment, part of every name.')
@allowed(['dev', 'tst', 'prd'])
param environment string

@description('Region of all resources.')
param location string = resourceGroup().location

@description('Name of the shared registry (registry.bicep) and its resource group.')
param registry { name: string, resourceGroup: string }

@description('Image in the registry, with the commit as its tag. The pipeline changes it with each deployment.')
param image string

@description('App Service plan: at least B2 or P1v3; P2v3 is recommended for production. Slots need Standard or better.')
param plan { sku: string, instances: int }

@description('Database: the SKU with its tier and size, and for how many days it can be brought back to any moment.')
param database {
  sku: string
  tier: string
  capacity: int
  zoneRedundant: bool
  restoreDays: int
}

@description('Entra group whose members administrate the SQL server; there are no SQL log-ins.')
param sqlAdministrators { name: string, objectId: string }

@description('Web origins that may call the API, such as https://cloud.monozu.io.')
param allowedOrigins string[]

@description('Settings beside those that the server needs, by their names; not for secrets.')
param settings object = {}

@description('Further settings that are read from Key Vault. Each must be in the vault before the server starts.')
param furtherSecrets string[] = []

@description('Whether snaps are published through this backend: then it may write blobs and needs SNAP_PUBLISH_TOKEN, else it only reads them.')
param publishesSnaps bool = true

@description('Whether database, vault and storage are reached through private endpoints only.')
param privateNetworking bool = false

@description('Who is told of alerts.')
param alertEmail string

@description('Days that logs and traces are kept.')
@minValue(30)
@maxValue(730)
param logDays int = 90

@description('Tags of every resource.')
param tags object = { product: 'monozu-cloud', environment: environment }

var appName = 'app-mz-cloud-${environment}'
var vaultName = 'kv-mz-cloud-${environment}'
var sqlServerName = 'sql-monozu-${environment}'
var databaseName = 'db-monozu-cloud-${environment}'
var storageName = 'stmzcloud${environment}${take(uniqueString(resourceGroup().id), 6)}'

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: { environment: environment, location: location, logDays: logDays, tags: tags }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  name: 'network'
  params: { environment: environment, location: location, tags: tags }
}

module sql 'modules/sql.bicep' = {
  name: 'sql'
  params: {
    serverName: sqlServerName
    databaseName: databaseName
    database: database
    administrators: sqlAdministrators
    publicAccess: !privateNetworking
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

module vault 'modules/vault.bicep' = {
  name: 'vault'
  params: {
    name: vaultName
    applicationInsightsName: monitoring.outputs.applicationInsightsName
    publicAccess: !privateNetworking
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: storageName
    publicAccess: !privateNetworking
    location: location
    tags: tags
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: appName
    plan: plan
    image: '${registry.name}.azurecr.io/${image}'
    vaultName: vaultName
    secrets: union(
      [
        'SECRET_KEY'
        'CLOUD_INTERNAL_API_TOKEN'
        'CLOUD_WEBHOOK_HMAC_SECRET'
        'APPLICATIONINSIGHTS_CONNECTION_STRING'
      ],
      publishesSnaps ? ['SNAP_PUBLISH_TOKEN'] : [],
      furtherSecrets
    )
    settings: union(
      {
        SQL_SERVER: sql.outputs.host
        SQL_DATABASE: databaseName
        ALLOW_ORIGINS: join(allowedOrigins, ',')
        AZURE_STORAGE_ACCOUNT: storage.outputs.name
        AZURE_STORAGE_CONTAINER: storage.outputs.containerName
        // Devices do not reach a private account: the app hands the packages through.
        SNAP_DOWNLOAD_THROUGH_API: privateNetworking ? 'on' : 'off'
      },
      settings
    )
    subnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    workspaceId: monitoring.outputs.workspaceId
    location: location
    tags: tags
  }
}

module pull 'modules/registry-pull.bicep' = {
  name: 'registry-pull-${environment}'
  scope: resourceGroup(registry.resourceGroup)
  params: { registryName: registry.name, principals: app.outputs.principals }
}

module access 'modules/access.bicep' = {
  name: 'access'
  params: {
    vaultName: vault.outputs.name
    storageName: storage.outputs.name
    containerName: storage.outputs.containerName
    writesBlobs: publishesSnaps
    principals: app.outputs.principals
  }
}

module endpoints 'modules/private-endpoints.bicep' = if (privateNetworking) {
  name: 'private-endpoints'
  params: {
    networkId: network!.outputs.networkId
    subnetId: network!.outputs.endpointSubnetId
    targets: [
      { name: sqlServerName, id: sql.outputs.serverId, group: 'sqlServer', zone: 'privatelink${az.environment().suffixes.sqlServerHostname}' }
      { name: vaultName, id: vault.outputs.id, group: 'vault', zone: 'privatelink.vaultcore.azure.net' }
      { name: storageName, id: storage.outputs.id, group: 'blob', zone: 'privatelink.blob.${az.environment().suffixes.storage}' }
    ]
    location: location
    tags: tags
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    environment: environment
    appId: app.outputs.id
    planId: app.outputs.planId
    databaseId: sql.outputs.databaseId
    workspaceId: monitoring.outputs.workspaceId
    email: alertEmail
    location: location
    tags: tags
  }
}

@description('Address of the API.')
output url string = 'https://${app.outputs.hostName}'
@description('Address of the staging slot.')
output stagingUrl string = 'https://${app.outputs.stagingHostName}'
output appName string = appName
output vaultName string = vaultName
output sqlHost string = sql.outputs.host
output databaseName string = databaseName
output storageName string = storageName
@description('Names under which the identities of the app and of its slot get users in the database (sql/users.sql).')
output databaseUsers string[] = [appName, '${appName}/slots/staging']
