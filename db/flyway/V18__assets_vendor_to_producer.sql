-- assets vendor to producer. Rendered from db/migrations by "npm run migrations:render"; do not edit.
EXEC sp_rename N'assets.vendor', N'producer', N'COLUMN';
GO
