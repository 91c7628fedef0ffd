-- snap releases. Rendered from plugins/snaps/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [snaps] ADD [released_at] datetime2(3) not null CONSTRAINT [snaps_released_at_default] DEFAULT '1970-01-01T00:00:00.000Z';
GO
CREATE INDEX [snaps_name_channel_released_at_index] ON [snaps] ([name], [channel], [released_at]);
GO
CREATE INDEX [snaps_blob_key_index] ON [snaps] ([blob_key]);
GO
UPDATE snaps SET released_at = created_at;
GO
