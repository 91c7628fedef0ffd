// Azure SQL with Entra sign-in only. The management system's database may stand on the same server.
param serverName string
param databaseName string
param location string
param tags object
param workspaceId string

@description('Whether the server answers on its public address, and then to Azure services only.')
param publicAccess bool

param database { sku: string, tier: string, capacity: int, zoneRedundant: bool, restoreDays: int }
param administrators { name: string, objectId: string }

var serverless = startsWith(database.sku, 'GP_S_')

resource server 'Microsoft.Sql/servers@2023-08-01' = {
  name: serverName
  location: location
  tags: tags
  properties: {
    minimalTlsVersion: '1.2'
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    administrators: {
      administratorType: 'ActiveDirectory'
      principalType: 'Group'
      login: administrators.name
      sid: administrators.objectId
      tenantId: tenant().tenantId
      azureADOnlyAuthentication: true
    }
  }

  // Start and end 0.0.0.0: addresses of Azure itself.
  resource azure 'firewallRules' = if (publicAccess) {
    name: 'AllowAllWindowsAzureIps'
    properties: { startIpAddress: '0.0.0.0', endIpAddress: '0.0.0.0' }
  }
}

resource cloud 'Microsoft.Sql/servers/databases@2023-08-01' = {
  parent: server
  name: databaseName
  location: location
  tags: tags
  sku: { name: database.sku, tier: database.tier, family: 'Gen5', capacity: database.capacity }
  properties: {
    zoneRedundant: database.zoneRedundant
    requestedBackupStorageRedundancy: database.zoneRedundant ? 'Zone' : 'Geo'
    // Never paused: the server asks for jobs and events every few seconds.
    autoPauseDelay: serverless ? -1 : null
  }

  resource backups 'backupShortTermRetentionPolicies' = {
    name: 'default'
    properties: { retentionDays: database.restoreDays }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: cloud
  properties: {
    workspaceId: workspaceId
    logs: [
      for category in ['Errors', 'Timeouts', 'Blocks', 'Deadlocks', 'QueryStoreWaitStatistics']: {
        category: category
        enabled: true
      }
    ]
    metrics: [{ category: 'Basic', enabled: true }]
  }
}

output serverId string = server.id
output databaseId string = cloud.id
output host string = server.properties.fullyQualifiedDomainName
