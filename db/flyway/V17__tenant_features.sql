-- tenant features. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [tenant_features] (
    [tenant_id] uniqueidentifier not null,
    [feature] nvarchar(64) not null,
    [enabled] bit not null,
    [updated_at] datetime2(3) not null,
    CONSTRAINT [tenant_features_pkey] PRIMARY KEY ([tenant_id], [feature]),
    CONSTRAINT [tenant_features_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
