// The plan, the app and its staging slot, each with an identity of its own. The image is pulled with that identity.
param name string
param image string
param vaultName string
param workspaceId string
param location string
param tags object

param plan { sku: string, instances: int }

@description('Names of settings that are read from the vault.')
param secrets string[]

@description('Plain settings by name.')
param settings object

@description('Subnet through which the app reaches what is private; empty without one.')
param subnetId string

var fromVault = toObject(
  secrets,
  secret => secret,
  secret => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${replace(secret, '_', '-')})'
)

var appSettings = union(
  {
    NODE_ENV: 'production'
    PORT: '8000'
    WEBSITES_PORT: '8000'
    // App Service's own proxy stands in front.
    TRUST_PROXY: '1'
    // Longer than SHUTDOWN_DELAY_SECONDS (5) and SHUTDOWN_TIMEOUT_SECONDS (25) together; the platform's default is 5.
    WEBSITES_CONTAINER_STOP_TIME_LIMIT: '60'
    WEBSITES_ENABLE_APP_SERVICE_STORAGE: 'false'
    // A swap waits until the new version is ready.
    WEBSITE_SWAP_WARMUP_PING_PATH: '/health/ready'
    WEBSITE_SWAP_WARMUP_PING_STATUSES: '200'
    WEBSITE_HEALTHCHECK_MAXPINGFAILURES: '5'
  },
  fromVault,
  settings
)

var siteProperties = {
  serverFarmId: farm.id
  httpsOnly: true
  clientAffinityEnabled: false
  keyVaultReferenceIdentity: 'SystemAssigned'
  virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
  siteConfig: {
    linuxFxVersion: 'DOCKER|${image}'
    acrUseManagedIdentityCreds: true
    alwaysOn: true
    webSocketsEnabled: true
    http20Enabled: true
    minTlsVersion: '1.2'
    ftpsState: 'Disabled'
    healthCheckPath: '/health/ready'
    vnetRouteAllEnabled: !empty(subnetId)
    appSettings: map(items(appSettings), setting => { name: setting.key, value: string(setting.value) })
  }
}

resource farm 'Microsoft.Web/serverfarms@2023-12-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'linux'
  sku: { name: plan.sku, capacity: plan.instances }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2023-12-01' = {
  name: name
  location: location
  tags: tags
  kind: 'app,linux,container'
  identity: { type: 'SystemAssigned' }
  properties: siteProperties

  resource staging 'slots' = {
    name: 'staging'
    location: location
    tags: tags
    kind: 'app,linux,container'
    identity: { type: 'SystemAssigned' }
    properties: siteProperties
  }

  // Without user name and password for pushing files.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: site
  properties: {
    workspaceId: workspaceId
    logs: [
      for category in ['AppServiceConsoleLogs', 'AppServiceHTTPLogs', 'AppServicePlatformLogs']: {
        category: category
        enabled: true
      }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

output id string = site.id
output planId string = farm.id
output hostName string = site.properties.defaultHostName
output stagingHostName string = site::staging.properties.defaultHostName
@description('The identities of the app and of the slot.')
output principals string[] = [site.identity.principalId, site::staging.identity.principalId]
