-- cve scores cache. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [cve_scores_cache] (
    [cve_id] nvarchar(24) not null,
    [cvss_score] float null,
    [cvss_version] nvarchar(4) null,
    [cvss_vector] nvarchar(200) null,
    [severity] nvarchar(10) null,
    [source] nvarchar(200) null,
    [updated_at] datetime2(3) not null,
    CONSTRAINT [cve_scores_cache_pkey] PRIMARY KEY ([cve_id]));
GO
