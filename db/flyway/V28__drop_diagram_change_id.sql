-- drop diagram change id. Rendered from db/migrations by "npm run migrations:render"; do not edit.
DROP INDEX [diagrams_change_id_index] ON [diagrams];
GO
ALTER TABLE [diagrams] DROP CONSTRAINT IF EXISTS [diagrams_change_id_default];
GO
ALTER TABLE [diagrams] DROP COLUMN [change_id];
GO
