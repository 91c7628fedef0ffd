-- ingest settings. Rendered from plugins/ingest/migrations by "npm run migrations:render"; do not edit.
CREATE INDEX [ingest_events_tenant_id_device_id_created_at_id_index] ON [ingest_events] ([tenant_id], [device_id], [created_at], [id]);
GO
CREATE TABLE [ingest_settings] (
    [tenant_id] uniqueidentifier not null,
    [retention_days] int not null,
    [updated_at] datetime2(3) not null,
    CONSTRAINT [ingest_settings_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [ingest_settings_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[ingest_settings],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[ingest_settings];
GO
