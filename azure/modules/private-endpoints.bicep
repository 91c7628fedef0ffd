// Private endpoints, each with the DNS zone in which its name resolves to it.
param networkId string
param subnetId string
param location string
param tags object

@description('Whom to reach: resource, its kind of endpoint, and the zone of its name.')
param targets { name: string, id: string, group: string, zone: string }[]

resource zones 'Microsoft.Network/privateDnsZones@2020-06-01' = [
  for target in targets: {
    name: target.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01' = [
  for (target, index) in targets: {
    parent: zones[index]
    name: 'to-network'
    location: 'global'
    properties: { registrationEnabled: false, virtualNetwork: { id: networkId } }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [
  for target in targets: {
    name: 'pe-${target.name}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        { name: target.group, properties: { privateLinkServiceId: target.id, groupIds: [target.group] } }
      ]
    }
  }
]

resource names 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [
  for (target, index) in targets: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        { name: target.group, properties: { privateDnsZoneId: zones[index].id } }
      ]
    }
  }
]
