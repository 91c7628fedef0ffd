// The vault of this service alone. Its secrets are put in by an operator; only the telemetry address comes from here.
param name string
param applicationInsightsName string
param publicAccess bool
param workspaceId string
param location string
param tags object

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: publicAccess ? 'Allow' : 'Deny' }
  }

  // Names in a vault have letters, digits and hyphens only: the setting's name with its underscores replaced.
  resource telemetry 'secrets' = {
    name: 'APPLICATIONINSIGHTS-CONNECTION-STRING'
    properties: { value: insights.properties.ConnectionString }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

output id string = vault.id
output name string = vault.name
