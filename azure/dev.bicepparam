using 'main.bicep'

param environment = 'dev'
param registry = { name: 'acrmonozu', resourceGroup: 'rg-monozu-shared' }
// The pipeline gives the commit that it has built.
param image = 'cloud-backend:${readEnvironmentVariable('IMAGE_TAG')}'
// Slots need a Standard plan or better.
param plan = { sku: 'S1', instances: 1 }
param database = { sku: 'GP_S_Gen5', tier: 'GeneralPurpose', capacity: 1, zoneRedundant: false, restoreDays: 7 }
param sqlAdministrators = {
  name: 'sql-administrators-dev'
  objectId: readEnvironmentVariable('SQL_ADMINISTRATORS_OBJECT_ID')
}
param allowedOrigins = ['https://cloud.dev.monozu.io']
param alertEmail = 'cloud-dev@monozu.io'
param logDays = 30
