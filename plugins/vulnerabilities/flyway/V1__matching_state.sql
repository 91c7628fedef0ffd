-- matching state. Rendered from plugins/vulnerabilities/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [vulnerabilities] ADD [criteria_hash] nvarchar(24) not null CONSTRAINT [vulnerabilities_criteria_hash_default] DEFAULT '';
GO
ALTER TABLE [vulnerabilities] ADD [severity] nvarchar(10) not null CONSTRAINT [vulnerabilities_severity_default] DEFAULT 'unknown';
GO
ALTER TABLE [vulnerabilities] ADD [cvss_order] float not null CONSTRAINT [vulnerabilities_cvss_order_default] DEFAULT '-1';
GO
ALTER TABLE [vulnerabilities] ADD [epss_order] float not null CONSTRAINT [vulnerabilities_epss_order_default] DEFAULT '-1';
GO
CREATE INDEX [vulnerabilities_tenant_id_cvss_order_id_index] ON [vulnerabilities] ([tenant_id], [cvss_order], [id]);
GO
CREATE INDEX [vulnerabilities_tenant_id_epss_order_id_index] ON [vulnerabilities] ([tenant_id], [epss_order], [id]);
GO
CREATE INDEX [vulnerabilities_tenant_id_status_severity_kev_index] ON [vulnerabilities] ([tenant_id], [status], [severity], [kev]);
GO
CREATE UNIQUE INDEX [vulnerabilities_asset_id_tenant_id_cve_id_index] ON [vulnerabilities] ([asset_id], [tenant_id], [cve_id]);
GO
DROP INDEX [vulnerabilities_asset_id_cve_id_tenant_id_index] ON [vulnerabilities];
GO
CREATE TABLE [vulnerability_state] (
    [tenant_id] uniqueidentifier not null,
    [last_change] bigint not null,
    [scanned_at] datetime2(3) not null,
    [checked_at] datetime2(3) not null,
    CONSTRAINT [vulnerability_state_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [vulnerability_state_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_state],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_state];
GO
CREATE TABLE [vulnerability_pending] (
    [tenant_id] uniqueidentifier not null,
    [asset_id] uniqueidentifier not null,
    [marked_at] datetime2(3) not null,
    CONSTRAINT [vulnerability_pending_pkey] PRIMARY KEY ([tenant_id], [asset_id]),
    CONSTRAINT [vulnerability_pending_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_pending],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_pending];
GO
CREATE TABLE [vulnerability_alerts] (
    [tenant_id] uniqueidentifier not null,
    [cve_id] nvarchar(24) not null,
    [raised_at] datetime2(3) not null,
    CONSTRAINT [vulnerability_alerts_pkey] PRIMARY KEY ([tenant_id], [cve_id]),
    CONSTRAINT [vulnerability_alerts_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_alerts],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[vulnerability_alerts];
GO
