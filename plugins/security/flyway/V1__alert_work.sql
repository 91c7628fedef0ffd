-- alert work. Rendered from plugins/security/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [security_alerts] ADD [occurrences] int not null CONSTRAINT [security_alerts_occurrences_default] DEFAULT '1';
GO
ALTER TABLE [security_alerts] ADD [last_seen_at] datetime2(3) not null CONSTRAINT [security_alerts_last_seen_at_default] DEFAULT '2000-01-01T00:00:00.000Z';
GO
ALTER TABLE [security_alerts] ADD [assignee_id] uniqueidentifier null;
GO
ALTER TABLE [security_alerts] ADD [acknowledged_at] datetime2(3) null;
GO
ALTER TABLE [security_alerts] ADD [acknowledged_by] uniqueidentifier null;
GO
ALTER TABLE [security_alerts] ADD [closed_at] datetime2(3) null;
GO
ALTER TABLE [security_alerts] ADD [closed_by] uniqueidentifier null;
GO
ALTER TABLE [security_alerts] ADD [close_reason] nvarchar(40) null;
GO
ALTER TABLE [security_alerts] ADD [close_note] nvarchar(max) null;
GO
ALTER TABLE [security_alerts] ADD [pushed_at] datetime2(3) null;
GO
CREATE INDEX [security_alerts_tenant_id_last_seen_at_id_index] ON [security_alerts] ([tenant_id], [last_seen_at], [id]);
GO
CREATE INDEX [security_alerts_tenant_id_status_last_seen_at_id_index] ON [security_alerts] ([tenant_id], [status], [last_seen_at], [id]);
GO
CREATE INDEX [security_alerts_tenant_id_status_severity_index] ON [security_alerts] ([tenant_id], [status], [severity]);
GO
CREATE INDEX [security_alerts_tenant_id_asset_id_last_seen_at_index] ON [security_alerts] ([tenant_id], [asset_id], [last_seen_at]) WHERE asset_id IS NOT NULL;
GO
CREATE INDEX [security_alerts_tenant_id_device_id_last_seen_at_index] ON [security_alerts] ([tenant_id], [device_id], [last_seen_at]) WHERE device_id IS NOT NULL;
GO
UPDATE security_alerts SET last_seen_at = occurred_at;
GO
CREATE TABLE [security_deliveries] (
    [tenant_id] uniqueidentifier not null,
    [delivery_id] uniqueidentifier not null,
    [heard_at] datetime2(3) not null,
    CONSTRAINT [security_deliveries_pkey] PRIMARY KEY ([tenant_id], [delivery_id]),
    CONSTRAINT [security_deliveries_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [security_deliveries_heard_at_index] ON [security_deliveries] ([heard_at]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[security_deliveries],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[security_deliveries];
GO
