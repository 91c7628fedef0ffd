-- zones vlans site id. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [zones] ADD [site_id] uniqueidentifier null;
GO
ALTER TABLE [zones] ADD CONSTRAINT [zones_site_id_foreign] FOREIGN KEY ([site_id]) REFERENCES [sites] ([id]);
GO
CREATE INDEX [zones_site_id_index] ON [zones] ([site_id]);
GO
ALTER TABLE [vlans] ADD [site_id] uniqueidentifier null;
GO
ALTER TABLE [vlans] ADD CONSTRAINT [vlans_site_id_foreign] FOREIGN KEY ([site_id]) REFERENCES [sites] ([id]);
GO
CREATE INDEX [vlans_site_id_index] ON [vlans] ([site_id]);
GO
