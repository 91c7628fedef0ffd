-- user settings appearance. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [user_settings] ADD [appearance] nvarchar(max) null;
GO
