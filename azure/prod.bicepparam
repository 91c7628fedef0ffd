using 'main.bicep'

param environment = 'prd'
param registry = { name: 'acrmonozu', resourceGroup: 'rg-monozu-shared' }
// The pipeline gives the commit that it has built.
param image = 'cloud-backend:${readEnvironmentVariable('IMAGE_TAG')}'
param plan = { sku: 'P2v3', instances: 2 }
param database = { sku: 'GP_Gen5', tier: 'GeneralPurpose', capacity: 4, zoneRedundant: true, restoreDays: 35 }
param sqlAdministrators = {
  name: 'sql-administrators-prd'
  objectId: readEnvironmentVariable('SQL_ADMINISTRATORS_OBJECT_ID')
}
param allowedOrigins = ['https://cloud.monozu.io']
param settings = {
  API_PUBLIC_URL: 'https://api.cloud.monozu.io'
  APP_BASE_URL: 'https://cloud.monozu.io'
  MANAGEMENT_API_URL: 'https://manage.monozu.io'
  MS_CLIENT_ID: readEnvironmentVariable('MS_CLIENT_ID')
  RESEND_FROM_ADDR: 'no-reply@cloud.monozu.io'
}
param furtherSecrets = ['MS_CLIENT_SECRET', 'RESEND_API_KEY']
param privateNetworking = true
param alertEmail = 'cloud-operations@monozu.io'
param logDays = 180
