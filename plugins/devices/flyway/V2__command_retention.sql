-- command retention. Rendered from plugins/devices/migrations by "npm run migrations:render"; do not edit.
CREATE INDEX [device_commands_finished_at_index] ON [device_commands] ([finished_at]) WHERE finished_at IS NOT NULL;
GO
