// Lets identities pull images. Deployed into the registry's resource group.
param registryName string
param principals string[]

var acrPull = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for principal in principals: {
    name: guid(registry.id, principal, acrPull)
    scope: registry
    properties: { principalId: principal, principalType: 'ServicePrincipal', roleDefinitionId: acrPull }
  }
]
