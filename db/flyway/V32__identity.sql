-- identity. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [users] ADD [totp_last_step] bigint null;
GO
ALTER TABLE [users] ADD [email_verified_at] datetime2(3) null;
GO
ALTER TABLE [users] ADD [email_set_by] uniqueidentifier null;
GO
ALTER TABLE [users] ADD [locale] nvarchar(35) null;
GO
ALTER TABLE [users] ADD [time_zone] nvarchar(64) null;
GO
ALTER TABLE [user_settings] ADD [notifications] nvarchar(max) null;
GO
CREATE TABLE [recovery_codes] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [code_hash] nvarchar(64) not null,
    [used_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [recovery_codes_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [recovery_codes_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE INDEX [recovery_codes_user_id_index] ON [recovery_codes] ([user_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [recovery_codes_tenant_id_created_at_id_index] ON [recovery_codes] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [recovery_codes] ADD CONSTRAINT [recovery_codes_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[recovery_codes],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[recovery_codes];
GO
CREATE TABLE [user_identities] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [issuer] nvarchar(400) not null,
    [subject] nvarchar(255) not null,
    [last_used_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [user_identities_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [user_identities_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [user_identities_issuer_subject_index] ON [user_identities] ([issuer], [subject]);
GO
CREATE INDEX [user_identities_user_id_index] ON [user_identities] ([user_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [user_identities_tenant_id_created_at_id_index] ON [user_identities] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [user_identities] ADD CONSTRAINT [user_identities_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_identities],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[user_identities];
GO
CREATE TABLE [invitations] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [email] nvarchar(254) not null,
    [email_key] nvarchar(254) not null,
    [name] nvarchar(200) null,
    [group_ids] nvarchar(max) not null CONSTRAINT [invitations_group_ids_default] DEFAULT '[]',
    [token_hash] nvarchar(64) not null,
    [invited_by] uniqueidentifier null,
    [expires_at] datetime2(3) not null,
    [accepted_at] datetime2(3) null,
    [revoked_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [invitations_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [invitations_token_hash_index] ON [invitations] ([token_hash]);
GO
CREATE INDEX [invitations_tenant_id_email_key_index] ON [invitations] ([tenant_id], [email_key]);
GO
CREATE UNIQUE CLUSTERED INDEX [invitations_tenant_id_created_at_id_index] ON [invitations] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [invitations] ADD CONSTRAINT [invitations_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[invitations],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[invitations];
GO
ALTER TABLE [refresh_tokens] ADD [methods] nvarchar(60) not null CONSTRAINT [refresh_tokens_methods_default] DEFAULT 'pwd';
GO
CREATE TABLE [one_time_tokens] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [kind] nvarchar(20) not null,
    [token_hash] nvarchar(64) not null,
    [data] nvarchar(max) not null CONSTRAINT [one_time_tokens_data_default] DEFAULT '{}',
    [attempts] int not null CONSTRAINT [one_time_tokens_attempts_default] DEFAULT '0',
    [expires_at] datetime2(3) not null,
    [used_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [one_time_tokens_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [one_time_tokens_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [one_time_tokens_token_hash_index] ON [one_time_tokens] ([token_hash]);
GO
CREATE INDEX [one_time_tokens_user_id_kind_index] ON [one_time_tokens] ([user_id], [kind]);
GO
CREATE INDEX [one_time_tokens_expires_at_index] ON [one_time_tokens] ([expires_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [one_time_tokens_tenant_id_created_at_id_index] ON [one_time_tokens] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [one_time_tokens] ADD CONSTRAINT [one_time_tokens_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[one_time_tokens],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[one_time_tokens];
GO
CREATE TABLE [used_sign_ins] (
    [state_hash] nvarchar(64) not null,
    [expires_at] datetime2(3) not null,
    CONSTRAINT [used_sign_ins_pkey] PRIMARY KEY ([state_hash]));
GO
CREATE INDEX [used_sign_ins_expires_at_index] ON [used_sign_ins] ([expires_at]);
GO
CREATE TABLE [throttles] (
    [name] nvarchar(80) not null,
    [failures] int not null,
    [blocked_until] datetime2(3) null,
    [forget_at] datetime2(3) not null,
    CONSTRAINT [throttles_pkey] PRIMARY KEY ([name]));
GO
CREATE INDEX [throttles_forget_at_index] ON [throttles] ([forget_at]);
GO
CREATE TABLE [api_keys] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [key_hash] nvarchar(64) not null,
    [prefix] nvarchar(16) not null,
    [permissions] nvarchar(max) not null CONSTRAINT [api_keys_permissions_default] DEFAULT '[]',
    [created_by] uniqueidentifier null,
    [expires_at] datetime2(3) null,
    [last_used_at] datetime2(3) null,
    [last_used_ip] nvarchar(45) null,
    [revoked_at] datetime2(3) null,
    [revision] int not null CONSTRAINT [api_keys_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [api_keys_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [api_keys_key_hash_index] ON [api_keys] ([key_hash]);
GO
CREATE UNIQUE CLUSTERED INDEX [api_keys_tenant_id_created_at_id_index] ON [api_keys] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [api_keys] ADD CONSTRAINT [api_keys_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[api_keys],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[api_keys];
GO
CREATE TABLE [tenant_settings] (
    [tenant_id] uniqueidentifier not null,
    [auth_policy] nvarchar(20) null,
    [allowed_email_domains] nvarchar(max) not null CONSTRAINT [tenant_settings_allowed_email_domains_default] DEFAULT '[]',
    [audit_retention_days] int null,
    [ingest_retention_days] int null,
    [revision] int not null CONSTRAINT [tenant_settings_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    CONSTRAINT [tenant_settings_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [tenant_settings_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_settings],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[tenant_settings];
GO
CREATE TABLE [email_domains] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [domain] nvarchar(253) not null,
    [challenge] nvarchar(64) not null,
    [checked_at] datetime2(3) null,
    [verified_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [email_domains_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [email_domains_tenant_id_domain_index] ON [email_domains] ([tenant_id], [domain]);
GO
CREATE UNIQUE INDEX [email_domains_domain_index] ON [email_domains] ([domain]) WHERE verified_at IS NOT NULL;
GO
CREATE UNIQUE CLUSTERED INDEX [email_domains_tenant_id_created_at_id_index] ON [email_domains] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [email_domains] ADD CONSTRAINT [email_domains_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[email_domains],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[email_domains];
GO
ALTER TABLE [tenants] ADD [license_asked_at] datetime2(3) null;
GO
CREATE TABLE [mail_messages] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier null,
    [recipient] nvarchar(254) not null,
    [subject] nvarchar(300) not null,
    [content] nvarchar(max) null,
    [status] nvarchar(20) not null CONSTRAINT [mail_messages_status_default] DEFAULT 'queued',
    [attempts] int not null CONSTRAINT [mail_messages_attempts_default] DEFAULT '0',
    [error] nvarchar(max) null,
    [due_at] datetime2(3) not null,
    [sent_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [mail_messages_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [mail_messages_status_due_at_index] ON [mail_messages] ([status], [due_at]);
GO
CREATE INDEX [mail_messages_recipient_created_at_index] ON [mail_messages] ([recipient], [created_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [mail_messages_tenant_id_created_at_id_index] ON [mail_messages] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [mail_messages] ADD CONSTRAINT [mail_messages_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[mail_messages],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[mail_messages];
GO
CREATE TABLE [notifications] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [kind] nvarchar(100) not null,
    [title] nvarchar(300) not null,
    [body] nvarchar(max) null,
    [path] nvarchar(400) null,
    [dedupe_key] nvarchar(64) null,
    [notice_id] uniqueidentifier not null,
    [mailed] bit not null CONSTRAINT [notifications_mailed_default] DEFAULT '0',
    [read_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [notifications_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [notifications_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [notifications_notice_id_user_id_index] ON [notifications] ([notice_id], [user_id]);
GO
CREATE UNIQUE INDEX [notifications_user_id_dedupe_key_index] ON [notifications] ([user_id], [dedupe_key]) WHERE read_at IS NULL AND dedupe_key IS NOT NULL;
GO
CREATE INDEX [notifications_tenant_id_user_id_created_at_id_index] ON [notifications] ([tenant_id], [user_id], [created_at], [id]);
GO
CREATE INDEX [notifications_tenant_id_user_id_index] ON [notifications] ([tenant_id], [user_id]) WHERE read_at IS NULL;
GO
CREATE INDEX [notifications_created_at_index] ON [notifications] ([created_at]);
GO
CREATE INDEX [notifications_read_at_index] ON [notifications] ([read_at]) WHERE read_at IS NOT NULL;
GO
CREATE UNIQUE CLUSTERED INDEX [notifications_tenant_id_created_at_id_index] ON [notifications] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [notifications] ADD CONSTRAINT [notifications_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[notifications],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[notifications];
GO
ALTER TABLE [audit_logs] ADD [sequence] bigint null;
GO
ALTER TABLE [audit_logs] ADD [hash] nvarchar(64) null;
GO
CREATE INDEX [audit_logs_tenant_id_sequence_index] ON [audit_logs] ([tenant_id], [sequence]) WHERE sequence IS NOT NULL;
GO
CREATE INDEX [audit_logs_created_at_id_index] ON [audit_logs] ([created_at], [id]) WHERE sequence IS NULL;
GO
CREATE INDEX [audit_logs_tenant_id_actor_id_created_at_index] ON [audit_logs] ([tenant_id], [actor_id], [created_at]);
GO
CREATE INDEX [audit_logs_tenant_id_action_created_at_index] ON [audit_logs] ([tenant_id], [action], [created_at]);
GO
CREATE INDEX [audit_logs_tenant_id_trace_id_index] ON [audit_logs] ([tenant_id], [trace_id]);
GO
CREATE TABLE [audit_chains] (
    [chain] nvarchar(36) not null,
    [first_sequence] bigint not null,
    [before_first] nvarchar(64) not null,
    [last_sequence] bigint not null,
    [last_hash] nvarchar(64) not null,
    [signature] nvarchar(120) not null,
    [sealed_at] datetime2(3) not null,
    CONSTRAINT [audit_chains_pkey] PRIMARY KEY ([chain]));
GO
CREATE TABLE [instances] (
    [id] nvarchar(36) not null,
    [host] nvarchar(255) not null,
    [roles] nvarchar(60) not null,
    [version] nvarchar(40) not null,
    [plugins] nvarchar(max) not null CONSTRAINT [instances_plugins_default] DEFAULT '[]',
    [started_at] datetime2(3) not null,
    [seen_at] datetime2(3) not null,
    CONSTRAINT [instances_pkey] PRIMARY KEY ([id]));
GO
CREATE TABLE [job_switches] (
    [plugin] nvarchar(64) not null,
    [name] nvarchar(100) not null,
    [disabled_by] nvarchar(100) not null,
    [disabled_at] datetime2(3) not null,
    CONSTRAINT [job_switches_pkey] PRIMARY KEY ([plugin], [name]));
GO
CREATE INDEX [job_runs_created_at_id_index] ON [job_runs] ([created_at], [id]);
GO
