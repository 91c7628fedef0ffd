// What somebody is told of: faults, readiness, slowness, and what runs full.
param environment string
param appId string
param planId string
param databaseId string
param workspaceId string
param email string
param location string
param tags object

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-mz-cloud-${environment}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mzcloud'
    enabled: true
    emailReceivers: [{ name: 'operators', emailAddress: email, useCommonAlertSchema: true }]
  }
}

@description('Metrics to watch, by the alert they raise. Severity 1 is an error, 2 a warning.')
var rules = [
  {
    name: 'answers-5xx'
    says: 'More than ten answers of 500 and above in five minutes.'
    severity: 1
    target: appId
    namespace: 'Microsoft.Web/sites'
    metric: 'Http5xx'
    aggregation: 'Total'
    operator: 'GreaterThan'
    threshold: 10
    window: 'PT5M'
  }
  {
    name: 'not-ready'
    says: 'An instance does not answer /health/ready with 200.'
    severity: 1
    target: appId
    namespace: 'Microsoft.Web/sites'
    metric: 'HealthCheckStatus'
    aggregation: 'Average'
    operator: 'LessThan'
    threshold: 100
    window: 'PT5M'
  }
  {
    name: 'slow'
    says: 'Answers take more than a second on average.'
    severity: 2
    target: appId
    namespace: 'Microsoft.Web/sites'
    metric: 'HttpResponseTime'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 1
    window: 'PT5M'
  }
  {
    name: 'memory'
    says: 'The plan has less than 15 % of its memory left.'
    severity: 2
    target: planId
    namespace: 'Microsoft.Web/serverfarms'
    metric: 'MemoryPercentage'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 85
    window: 'PT15M'
  }
  {
    name: 'database-busy'
    says: 'The database uses more than 85 % of its processors.'
    severity: 2
    target: databaseId
    namespace: 'Microsoft.Sql/servers/databases'
    metric: 'cpu_percent'
    aggregation: 'Average'
    operator: 'GreaterThan'
    threshold: 85
    window: 'PT15M'
  }
  {
    name: 'database-full'
    says: 'The database is 85 % full.'
    severity: 1
    target: databaseId
    namespace: 'Microsoft.Sql/servers/databases'
    metric: 'storage_percent'
    aggregation: 'Maximum'
    operator: 'GreaterThan'
    threshold: 85
    window: 'PT15M'
  }
]

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in rules: {
    name: 'alert-mz-cloud-${environment}-${rule.name}'
    location: 'global'
    tags: tags
    properties: {
      description: rule.says
      severity: rule.severity
      enabled: true
      scopes: [rule.target]
      evaluationFrequency: 'PT1M'
      windowSize: rule.window
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: rule.metric
            metricNamespace: rule.namespace
            metricName: rule.metric
            timeAggregation: rule.aggregation
            operator: rule.operator
            threshold: rule.threshold
          }
        ]
      }
      actions: [{ actionGroupId: operators.id }]
    }
  }
]

// The server's own words: a line of level 50 (error) or 60 (fatal) on its standard output. Requests have their own alert.
resource errors 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = {
  name: 'alert-mz-cloud-${environment}-error-lines'
  location: location
  tags: tags
  properties: {
    description: 'The server logged errors.'
    severity: 2
    enabled: true
    scopes: [workspaceId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT5M'
    criteria: {
      allOf: [
        {
          query: 'AppServiceConsoleLogs | extend line = parse_json(ResultDescription) | where toint(line.level) >= 50 and line.msg != "request"'
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: 0
          failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
        }
      ]
    }
    actions: { actionGroups: [operators.id] }
    autoMitigate: true
    // The table may not be there before the first line is.
    skipQueryValidation: true
  }
}
