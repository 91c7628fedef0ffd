-- refresh tokens. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [refresh_tokens] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [family_id] uniqueidentifier not null,
    [token_hash] nvarchar(64) not null,
    [expires_at] datetime2(3) not null,
    [used_at] datetime2(3) null,
    [replaced_by] uniqueidentifier null,
    [revoked_at] datetime2(3) null,
    [user_agent] nvarchar(400) null,
    [ip_address] nvarchar(45) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [refresh_tokens_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [refresh_tokens_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [refresh_tokens_token_hash_index] ON [refresh_tokens] ([token_hash]);
GO
CREATE INDEX [refresh_tokens_user_id_index] ON [refresh_tokens] ([user_id]);
GO
CREATE INDEX [refresh_tokens_family_id_index] ON [refresh_tokens] ([family_id]);
GO
CREATE INDEX [refresh_tokens_expires_at_index] ON [refresh_tokens] ([expires_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [refresh_tokens_tenant_id_created_at_id_index] ON [refresh_tokens] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [refresh_tokens] ADD CONSTRAINT [refresh_tokens_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
