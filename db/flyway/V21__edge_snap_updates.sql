-- edge snap updates. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [snaps] (
    [id] uniqueidentifier not null,
    [name] nvarchar(100) not null,
    [version] nvarchar(100) not null,
    [channel] nvarchar(20) not null,
    [blob_key] nvarchar(400) not null,
    [size_bytes] bigint not null,
    [sha256] nvarchar(64) not null,
    [sha3_384] nvarchar(96) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [snaps_pkey] PRIMARY KEY ([id]));
GO
CREATE UNIQUE INDEX [snaps_name_version_index] ON [snaps] ([name], [version]);
GO
CREATE INDEX [snaps_name_channel_created_at_index] ON [snaps] ([name], [channel], [created_at]);
GO
CREATE TABLE [device_snaps] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [device_id] uniqueidentifier not null,
    [name] nvarchar(100) not null,
    [version] nvarchar(100) null,
    [target_version] nvarchar(100) null,
    [status] nvarchar(20) not null,
    [error] nvarchar(max) null,
    [reported_at] datetime2(3) null,
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [device_snaps_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [device_snaps_device_id_foreign] FOREIGN KEY ([device_id]) REFERENCES [devices] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [device_snaps_device_id_name_index] ON [device_snaps] ([device_id], [name]);
GO
CREATE UNIQUE CLUSTERED INDEX [device_snaps_tenant_id_created_at_id_index] ON [device_snaps] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [device_snaps] ADD CONSTRAINT [device_snaps_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
