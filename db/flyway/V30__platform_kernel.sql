-- platform kernel. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [revisions] (
    [name] nvarchar(64) not null,
    [value] bigint not null,
    CONSTRAINT [revisions_pkey] PRIMARY KEY ([name]));
GO
INSERT INTO revisions (name, value) VALUES ('features', 1);
GO
INSERT INTO revisions (name, value) VALUES ('access', 1);
GO
CREATE TABLE [job_runs] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier null,
    [plugin] nvarchar(64) not null,
    [name] nvarchar(100) not null,
    [status] nvarchar(20) not null CONSTRAINT [job_runs_status_default] DEFAULT 'queued',
    [data] nvarchar(max) not null CONSTRAINT [job_runs_data_default] DEFAULT '{}',
    [progress] nvarchar(max) null,
    [result] nvarchar(max) null,
    [error] nvarchar(max) null,
    [attempts] int not null CONSTRAINT [job_runs_attempts_default] DEFAULT '0',
    [max_attempts] int not null CONSTRAINT [job_runs_max_attempts_default] DEFAULT '1',
    [run_after] datetime2(3) null,
    [created_by] nvarchar(100) null,
    [started_at] datetime2(3) null,
    [finished_at] datetime2(3) null,
    [heartbeat_at] datetime2(3) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [job_runs_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [job_runs_status_run_after_index] ON [job_runs] ([status], [run_after]);
GO
CREATE INDEX [job_runs_plugin_name_status_index] ON [job_runs] ([plugin], [name], [status]);
GO
CREATE INDEX [job_runs_finished_at_index] ON [job_runs] ([finished_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [job_runs_tenant_id_created_at_id_index] ON [job_runs] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [job_runs] ADD CONSTRAINT [job_runs_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[job_runs],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[job_runs];
GO
CREATE TABLE [outbox] (
    [id] bigint identity(1,1) not null primary key,
    [event_id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier null,
    [event] nvarchar(100) not null,
    [payload] nvarchar(max) not null,
    [created_at] datetime2(3) not null,
    [batch] bigint null,
    CONSTRAINT [outbox_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [outbox_event_id_index] ON [outbox] ([event_id]);
GO
CREATE INDEX [outbox_id_index] ON [outbox] ([id]) WHERE batch IS NULL;
GO
CREATE INDEX [outbox_tenant_id_batch_id_index] ON [outbox] ([tenant_id], [batch], [id]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[outbox],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[outbox];
GO
INSERT INTO revisions (name, value) VALUES ('outbox', 0);
GO
CREATE TABLE [outbox_subscriptions] (
    [plugin] nvarchar(64) not null,
    [event] nvarchar(100) not null,
    [scope] nvarchar(10) not null,
    [seen_at] datetime2(3) not null,
    CONSTRAINT [outbox_subscriptions_pkey] PRIMARY KEY ([plugin], [event], [scope]));
GO
CREATE TABLE [outbox_lanes] (
    [plugin] nvarchar(64) not null,
    [lane] uniqueidentifier not null,
    [after_batch] bigint not null,
    [after_id] bigint not null,
    [wanted_batch] bigint not null,
    [attempts] int not null CONSTRAINT [outbox_lanes_attempts_default] DEFAULT '0',
    [dead] int not null CONSTRAINT [outbox_lanes_dead_default] DEFAULT '0',
    [error] nvarchar(max) null,
    [due_at] datetime2(3) null,
    [claimed_by] nvarchar(100) null,
    [claimed_until] datetime2(3) null,
    CONSTRAINT [outbox_lanes_pkey] PRIMARY KEY ([plugin], [lane]));
GO
CREATE INDEX [outbox_lanes_plugin_due_at_index] ON [outbox_lanes] ([plugin], [due_at]) WHERE due_at IS NOT NULL;
GO
CREATE INDEX [outbox_lanes_lane_index] ON [outbox_lanes] ([lane]) WHERE due_at IS NOT NULL;
GO
CREATE TABLE [idempotency_keys] (
    [tenant_id] uniqueidentifier not null,
    [actor_id] nvarchar(64) not null,
    [idempotency_key] nvarchar(255) not null,
    [route_hash] nvarchar(64) not null,
    [request_hash] nvarchar(64) not null,
    [status] int null,
    [headers] nvarchar(max) null,
    [response] nvarchar(max) null,
    [created_at] datetime2(3) not null,
    [expires_at] datetime2(3) not null,
    CONSTRAINT [idempotency_keys_pkey] PRIMARY KEY ([tenant_id], [actor_id], [idempotency_key], [route_hash]),
    CONSTRAINT [idempotency_keys_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [idempotency_keys_expires_at_index] ON [idempotency_keys] ([expires_at]);
GO
ALTER SECURITY POLICY [dbo].[rls_tenant]
  ADD FILTER PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[idempotency_keys],
  ADD BLOCK PREDICATE [dbo].[fn_rls_tenant]([tenant_id]) ON [dbo].[idempotency_keys];
GO
