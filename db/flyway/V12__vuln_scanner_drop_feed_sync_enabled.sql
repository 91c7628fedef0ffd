-- vuln scanner drop feed sync enabled. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [vuln_scanner_settings] DROP CONSTRAINT IF EXISTS [vuln_scanner_settings_feed_sync_enabled_default];
GO
ALTER TABLE [vuln_scanner_settings] DROP COLUMN [feed_sync_enabled];
GO
