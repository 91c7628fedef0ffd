-- edge device control. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [device_commands] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [device_id] uniqueidentifier not null,
    [command] nvarchar(64) not null,
    [payload] nvarchar(max) not null CONSTRAINT [device_commands_payload_default] DEFAULT '{}',
    [status] nvarchar(20) not null CONSTRAINT [device_commands_status_default] DEFAULT 'queued',
    [attempts] int not null CONSTRAINT [device_commands_attempts_default] DEFAULT '0',
    [result] nvarchar(max) null,
    [error] nvarchar(max) null,
    [expires_at] datetime2(3) not null,
    [sent_at] datetime2(3) null,
    [finished_at] datetime2(3) null,
    [created_by] uniqueidentifier null,
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [device_commands_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [device_commands_device_id_foreign] FOREIGN KEY ([device_id]) REFERENCES [devices] ([id]) ON DELETE cascade);
GO
CREATE INDEX [device_commands_device_id_status_created_at_id_index] ON [device_commands] ([device_id], [status], [created_at], [id]);
GO
CREATE INDEX [device_commands_expires_at_index] ON [device_commands] ([expires_at]) WHERE status IN ('queued', 'sent');
GO
CREATE UNIQUE CLUSTERED INDEX [device_commands_tenant_id_created_at_id_index] ON [device_commands] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [device_commands] ADD CONSTRAINT [device_commands_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
