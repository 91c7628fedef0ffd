-- edge ingest events. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [ingest_events] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [device_id] uniqueidentifier not null,
    [event_id] nvarchar(100) null,
    [kind] nvarchar(40) not null,
    [timestamp] datetime2(3) not null,
    [data] nvarchar(max) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [ingest_events_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [ingest_events_device_id_foreign] FOREIGN KEY ([device_id]) REFERENCES [devices] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [ingest_events_device_id_event_id_index] ON [ingest_events] ([device_id], [event_id]) WHERE event_id IS NOT NULL;
GO
CREATE INDEX [ingest_events_tenant_id_kind_created_at_index] ON [ingest_events] ([tenant_id], [kind], [created_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [ingest_events_tenant_id_created_at_id_index] ON [ingest_events] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [ingest_events] ADD CONSTRAINT [ingest_events_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
