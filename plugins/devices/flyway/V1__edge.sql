-- edge. Rendered from plugins/devices/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [edge_provisioning_keys] ADD [site_id] uniqueidentifier null;
GO
CREATE INDEX [edge_provisioning_keys_site_id_index] ON [edge_provisioning_keys] ([site_id]);
GO
ALTER TABLE [devices] ADD [socket_id] nvarchar(36) null;
GO
ALTER TABLE [devices] ADD [last_command] int not null CONSTRAINT [devices_last_command_default] DEFAULT '0';
GO
CREATE INDEX [devices_tenant_id_name_id_index] ON [devices] ([tenant_id], [name], [id]);
GO
CREATE INDEX [devices_status_last_seen_at_index] ON [devices] ([status], [last_seen_at]) WHERE revoked_at IS NULL;
GO
ALTER TABLE [device_commands] ADD [position] int not null CONSTRAINT [device_commands_position_default] DEFAULT '0';
GO
ALTER TABLE [device_commands] ADD [socket_id] nvarchar(36) null;
GO
ALTER TABLE [device_commands] ADD [resend_at] datetime2(3) null;
GO
ALTER TABLE [device_commands] ADD [late_status] nvarchar(20) null;
GO
ALTER TABLE [device_commands] ADD [late_at] datetime2(3) null;
GO
CREATE INDEX [device_commands_device_id_position_index] ON [device_commands] ([device_id], [position]) WHERE status IN ('queued', 'sent');
GO
CREATE INDEX [device_commands_tenant_id_device_id_created_at_id_index] ON [device_commands] ([tenant_id], [device_id], [created_at], [id]);
GO
