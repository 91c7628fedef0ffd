-- network hierarchy links. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [vlans] ADD [zone_id] uniqueidentifier null;
GO
ALTER TABLE [vlans] ADD CONSTRAINT [vlans_zone_id_foreign] FOREIGN KEY ([zone_id]) REFERENCES [zones] ([id]);
GO
CREATE INDEX [vlans_zone_id_index] ON [vlans] ([zone_id]);
GO
CREATE TABLE [asset_vlans] (
    [tenant_id] uniqueidentifier not null,
    [asset_id] uniqueidentifier not null,
    [vlan_id] uniqueidentifier not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [asset_vlans_pkey] PRIMARY KEY ([tenant_id], [asset_id], [vlan_id]),
    CONSTRAINT [asset_vlans_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [asset_vlans_asset_id_foreign] FOREIGN KEY ([asset_id]) REFERENCES [assets] ([id]) ON DELETE cascade,
    CONSTRAINT [asset_vlans_vlan_id_foreign] FOREIGN KEY ([vlan_id]) REFERENCES [vlans] ([id]) ON DELETE cascade);
GO
CREATE INDEX [asset_vlans_asset_id_index] ON [asset_vlans] ([asset_id]);
GO
CREATE INDEX [asset_vlans_vlan_id_index] ON [asset_vlans] ([vlan_id]);
GO
