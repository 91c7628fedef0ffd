-- disable tenant rls. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE FUNCTION [dbo].[fn_rls_tenant](@tenant_id uniqueidentifier)
RETURNS TABLE
WITH SCHEMABINDING
AS
RETURN SELECT 1 AS [allowed]
WHERE @tenant_id = CAST(SESSION_CONTEXT(N'tenant_id') AS uniqueidentifier)
  OR CAST(SESSION_CONTEXT(N'platform') AS int) = 1;
GO
CREATE SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_licenses],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_licenses],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_oidc_config],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_oidc_config],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[audit_logs],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[audit_logs],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[users],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[users],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[groups],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[groups],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_groups],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_groups],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_settings],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_settings],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[sites],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[sites],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[assets],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[assets],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[zones],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[zones],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vlans],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vlans],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incidents],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incidents],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incident_timeline_events],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incident_timeline_events],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incident_comments],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[incident_comments],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[problems],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[problems],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[changes],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[changes],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[knowledge_articles],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[knowledge_articles],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[diagrams],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[diagrams],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerabilities],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerabilities],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vuln_scanner_settings],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vuln_scanner_settings],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[security_alerts],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[security_alerts],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[edge_provisioning_keys],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[edge_provisioning_keys],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[devices],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[devices],
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vendors],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vendors]
WITH (STATE = OFF);
GO
