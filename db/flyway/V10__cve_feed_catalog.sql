-- cve feed catalog. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [cve_catalog] (
    [cve_id] nvarchar(24) not null,
    [status] nvarchar(40) not null,
    [description] nvarchar(max) not null,
    [published] datetime2(3) not null,
    [last_modified] datetime2(3) not null,
    [source_identifier] nvarchar(200) null,
    [cvss_score] float null,
    [cvss_version] nvarchar(4) null,
    [cvss_vector] nvarchar(200) null,
    [severity] nvarchar(10) null,
    [weaknesses] nvarchar(max) not null CONSTRAINT [cve_catalog_weaknesses_default] DEFAULT '[]',
    [kev] bit not null CONSTRAINT [cve_catalog_kev_default] DEFAULT '0',
    [kev_date_added] nvarchar(10) null,
    [kev_due_date] nvarchar(10) null,
    [kev_ransomware] bit not null CONSTRAINT [cve_catalog_kev_ransomware_default] DEFAULT '0',
    [epss] float null,
    [epss_percentile] float null,
    [epss_date] nvarchar(10) null,
    [exploits] int not null CONSTRAINT [cve_catalog_exploits_default] DEFAULT '0',
    [rejected] bit not null CONSTRAINT [cve_catalog_rejected_default] DEFAULT '0',
    [disputed] bit not null CONSTRAINT [cve_catalog_disputed_default] DEFAULT '0',
    [configurations] nvarchar(max) null,
    [change_seq] bigint not null CONSTRAINT [cve_catalog_change_seq_default] DEFAULT '0',
    CONSTRAINT [cve_catalog_pkey] PRIMARY KEY ([cve_id]));
GO
CREATE INDEX [cve_catalog_change_seq_index] ON [cve_catalog] ([change_seq]);
GO
CREATE INDEX [cve_catalog_last_modified_cve_id_index] ON [cve_catalog] ([last_modified], [cve_id]);
GO
CREATE INDEX [cve_catalog_published_cve_id_index] ON [cve_catalog] ([published], [cve_id]);
GO
CREATE INDEX [cve_catalog_cvss_score_cve_id_index] ON [cve_catalog] ([cvss_score], [cve_id]);
GO
CREATE INDEX [cve_catalog_epss_cve_id_index] ON [cve_catalog] ([epss], [cve_id]);
GO
CREATE INDEX [cve_catalog_kev_date_added_cve_id_index] ON [cve_catalog] ([kev_date_added], [cve_id]) WHERE kev = 1;
GO
