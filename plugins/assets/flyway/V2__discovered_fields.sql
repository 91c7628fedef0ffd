-- discovered fields. Rendered from plugins/assets/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [assets] ADD [discovered_ip] nvarchar(45) null;
GO
ALTER TABLE [assets] ADD [discovered_mac] nvarchar(17) null;
GO
ALTER TABLE [assets] ADD [discovered_producer] nvarchar(200) null;
GO
