-- asset cpes. Rendered from plugins/assets/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [asset_cpes] (
    [tenant_id] uniqueidentifier not null,
    [asset_id] uniqueidentifier not null,
    [position] int not null,
    [cpe] nvarchar(512) not null,
    [product_key] nvarchar(400) not null,
    CONSTRAINT [asset_cpes_pkey] PRIMARY KEY ([tenant_id], [asset_id], [position]),
    CONSTRAINT [asset_cpes_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [asset_cpes_asset_id_foreign] FOREIGN KEY ([asset_id]) REFERENCES [assets] ([id]) ON DELETE cascade);
GO
CREATE INDEX [asset_cpes_tenant_id_product_key_asset_id_index] ON [asset_cpes] ([tenant_id], [product_key], [asset_id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[asset_cpes],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[asset_cpes];
GO
CREATE TABLE [asset_imports] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [content] nvarchar(max) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [asset_imports_pkey] PRIMARY KEY ([id]),
    CONSTRAINT [asset_imports_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[asset_imports],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[asset_imports];
GO
