// The container registry that all environments share. Deployed once, into a resource group of its own:
//   az deployment group create --resource-group rg-monozu-shared --template-file azure/registry.bicep
targetScope = 'resourceGroup'

@description('Region of the registry.')
param location string = resourceGroup().location

@description('Name of the registry: letters and digits only. Its address is <name>.azurecr.io.')
@minLength(5)
@maxLength(50)
param name string = 'acrmonozu'

@description('Tags of every resource.')
param tags object = {}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: {
    adminUserEnabled: false
  }
}

@description('Where images are pushed to and pulled from.')
output loginServer string = registry.properties.loginServer
