-- vuln scanner drop tenant api keys. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [vuln_scanner_settings] DROP CONSTRAINT IF EXISTS [vuln_scanner_settings_nvd_api_key_default];
GO
ALTER TABLE [vuln_scanner_settings] DROP COLUMN [nvd_api_key];
GO
