-- agenda jobs. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [agenda_jobs] (
    [id] nvarchar(64) not null,
    [name] nvarchar(255) not null,
    [type] nvarchar(10) not null,
    [priority] int not null CONSTRAINT [agenda_jobs_priority_default] DEFAULT '0',
    [data] nvarchar(max) null,
    [next_run_at] datetime2(3) null,
    [locked_at] datetime2(3) null,
    [last_run_at] datetime2(3) null,
    [last_finished_at] datetime2(3) null,
    [failed_at] datetime2(3) null,
    [fail_count] int null,
    [fail_reason] nvarchar(max) null,
    [repeat_interval] nvarchar(255) null,
    [repeat_timezone] nvarchar(64) null,
    [repeat_at] nvarchar(100) null,
    [disabled] bit not null CONSTRAINT [agenda_jobs_disabled_default] DEFAULT '0',
    [progress] float null,
    [fork] bit not null CONSTRAINT [agenda_jobs_fork_default] DEFAULT '0',
    [start_date] datetime2(3) null,
    [end_date] datetime2(3) null,
    [skip_days] nvarchar(max) null,
    [debounce_started_at] datetime2(3) null,
    [last_modified_by] nvarchar(255) null,
    CONSTRAINT [agenda_jobs_pkey] PRIMARY KEY ([id]));
GO
CREATE INDEX [agenda_jobs_name_next_run_at_priority_index] ON [agenda_jobs] ([name], [next_run_at], [priority]);
GO
CREATE INDEX [agenda_jobs_next_run_at_index] ON [agenda_jobs] ([next_run_at]) WHERE next_run_at IS NOT NULL;
GO
CREATE INDEX [agenda_jobs_locked_at_index] ON [agenda_jobs] ([locked_at]) WHERE locked_at IS NOT NULL;
GO
CREATE UNIQUE INDEX [agenda_jobs_name_index] ON [agenda_jobs] ([name]) WHERE type = 'single';
GO
ALTER TABLE [job_runs] ADD [unique_key] nvarchar(64) null;
GO
ALTER TABLE [job_runs] ADD [dispatched_at] datetime2(3) null;
GO
CREATE UNIQUE INDEX [job_runs_unique_key_index] ON [job_runs] ([unique_key]) WHERE unique_key IS NOT NULL;
GO
