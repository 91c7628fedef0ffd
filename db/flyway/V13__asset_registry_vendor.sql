-- asset registry vendor. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [vendors] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [website] nvarchar(400) null,
    [contact] nvarchar(400) null,
    [notes] nvarchar(max) null,
    [revision] int not null CONSTRAINT [vendors_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [vendors_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [vendors_tenant_id_name_index] ON [vendors] ([tenant_id], [name]);
GO
CREATE UNIQUE CLUSTERED INDEX [vendors_tenant_id_created_at_id_index] ON [vendors] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [vendors] ADD CONSTRAINT [vendors_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER TABLE [assets] ADD [vendor] nvarchar(200) null;
GO
