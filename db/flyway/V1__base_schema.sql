-- base schema. Rendered from db/migrations by "npm run migrations:render"; do not edit.
CREATE TABLE [tenants] (
    [id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [account_name] nvarchar(100) not null,
    [status] nvarchar(20) not null CONSTRAINT [tenants_status_default] DEFAULT 'pending',
    [mfa_required] bit not null CONSTRAINT [tenants_mfa_required_default] DEFAULT '0',
    [created_at] datetime2(3) not null,
    [revision] int not null CONSTRAINT [tenants_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    CONSTRAINT [tenants_pkey] PRIMARY KEY ([id]));
GO
CREATE UNIQUE INDEX [tenants_account_name_index] ON [tenants] ([account_name]);
GO
CREATE TABLE [tenant_licenses] (
    [tenant_id] uniqueidentifier not null,
    [plan] nvarchar(100) not null,
    [expires_at] datetime2(3) not null,
    [issued_at] datetime2(3) null,
    [updated_at] datetime2(3) not null,
    CONSTRAINT [tenant_licenses_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [tenant_licenses_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE TABLE [tenant_oidc_config] (
    [tenant_id] uniqueidentifier not null,
    [provider] nvarchar(20) not null,
    [issuer] nvarchar(400) null,
    [entra_tenant_id] nvarchar(100) null,
    [client_id] nvarchar(200) not null,
    [client_secret] nvarchar(max) not null,
    [email_domains] nvarchar(max) not null CONSTRAINT [tenant_oidc_config_email_domains_default] DEFAULT '[]',
    [enabled] bit not null CONSTRAINT [tenant_oidc_config_enabled_default] DEFAULT '1',
    [created_at] datetime2(3) not null,
    [revision] int not null CONSTRAINT [tenant_oidc_config_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    CONSTRAINT [tenant_oidc_config_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [tenant_oidc_config_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE TABLE [audit_logs] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier null,
    [user_id] uniqueidentifier null,
    [actor_kind] nvarchar(20) not null,
    [actor_id] nvarchar(100) null,
    [action] nvarchar(100) not null,
    [resource_type] nvarchar(100) not null,
    [resource_id] nvarchar(100) null,
    [before] nvarchar(max) null,
    [after] nvarchar(max) null,
    [ip_address] nvarchar(45) null,
    [trace_id] nvarchar(64) null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [audit_logs_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [audit_logs_tenant_id_resource_type_resource_id_index] ON [audit_logs] ([tenant_id], [resource_type], [resource_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [audit_logs_tenant_id_created_at_id_index] ON [audit_logs] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [audit_logs] ADD CONSTRAINT [audit_logs_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [users] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [email] nvarchar(254) not null,
    [email_key] nvarchar(254) not null,
    [name] nvarchar(200) not null,
    [password_hash] nvarchar(100) null,
    [mfa_enabled] bit not null CONSTRAINT [users_mfa_enabled_default] DEFAULT '0',
    [totp_secret] nvarchar(max) null,
    [active] bit not null CONSTRAINT [users_active_default] DEFAULT '1',
    [last_login_at] datetime2(3) null,
    [revision] int not null CONSTRAINT [users_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [users_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [users_email_key_index] ON [users] ([email_key]);
GO
CREATE UNIQUE CLUSTERED INDEX [users_tenant_id_created_at_id_index] ON [users] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [users] ADD CONSTRAINT [users_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [groups] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(100) not null,
    [built_in] nvarchar(20) null,
    [permissions] nvarchar(max) not null CONSTRAINT [groups_permissions_default] DEFAULT '[]',
    [revision] int not null CONSTRAINT [groups_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [groups_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [groups_tenant_id_name_index] ON [groups] ([tenant_id], [name]);
GO
CREATE UNIQUE CLUSTERED INDEX [groups_tenant_id_created_at_id_index] ON [groups] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [groups] ADD CONSTRAINT [groups_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [user_groups] (
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [group_id] uniqueidentifier not null,
    CONSTRAINT [user_groups_pkey] PRIMARY KEY ([tenant_id], [user_id], [group_id]),
    CONSTRAINT [user_groups_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [user_groups_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade,
    CONSTRAINT [user_groups_group_id_foreign] FOREIGN KEY ([group_id]) REFERENCES [groups] ([id]) ON DELETE cascade);
GO
CREATE INDEX [user_groups_user_id_index] ON [user_groups] ([user_id]);
GO
CREATE INDEX [user_groups_group_id_index] ON [user_groups] ([group_id]);
GO
CREATE TABLE [user_settings] (
    [tenant_id] uniqueidentifier not null,
    [user_id] uniqueidentifier not null,
    [dashboard_layout] nvarchar(max) null,
    [updated_at] datetime2(3) not null,
    CONSTRAINT [user_settings_pkey] PRIMARY KEY ([tenant_id], [user_id]),
    CONSTRAINT [user_settings_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [user_settings_user_id_foreign] FOREIGN KEY ([user_id]) REFERENCES [users] ([id]) ON DELETE cascade);
GO
CREATE INDEX [user_settings_user_id_index] ON [user_settings] ([user_id]);
GO
CREATE TABLE [sites] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [location] nvarchar(400) null,
    [status] nvarchar(20) not null CONSTRAINT [sites_status_default] DEFAULT 'active',
    [revision] int not null CONSTRAINT [sites_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [sites_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [sites_tenant_id_name_index] ON [sites] ([tenant_id], [name]);
GO
CREATE UNIQUE CLUSTERED INDEX [sites_tenant_id_created_at_id_index] ON [sites] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [sites] ADD CONSTRAINT [sites_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [assets] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [type] nvarchar(40) not null,
    [site_id] uniqueidentifier null,
    [model] nvarchar(200) null,
    [version] nvarchar(200) null,
    [ip_address] nvarchar(45) null,
    [mac_address] nvarchar(17) null,
    [criticality] nvarchar(20) not null CONSTRAINT [assets_criticality_default] DEFAULT 'medium',
    [lifecycle] nvarchar(20) not null CONSTRAINT [assets_lifecycle_default] DEFAULT 'active',
    [cpes] nvarchar(max) not null CONSTRAINT [assets_cpes_default] DEFAULT '[]',
    [source] nvarchar(20) not null CONSTRAINT [assets_source_default] DEFAULT 'manual',
    [external_key] nvarchar(400) null,
    [revision] int not null CONSTRAINT [assets_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [assets_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [assets_site_id_foreign] FOREIGN KEY ([site_id]) REFERENCES [sites] ([id]));
GO
CREATE INDEX [assets_tenant_id_name_id_index] ON [assets] ([tenant_id], [name], [id]);
GO
CREATE INDEX [assets_tenant_id_mac_address_index] ON [assets] ([tenant_id], [mac_address]) WHERE mac_address IS NOT NULL;
GO
CREATE INDEX [assets_tenant_id_ip_address_index] ON [assets] ([tenant_id], [ip_address]) WHERE ip_address IS NOT NULL;
GO
CREATE INDEX [assets_site_id_index] ON [assets] ([site_id]);
GO
CREATE UNIQUE INDEX [assets_tenant_id_external_key_index] ON [assets] ([tenant_id], [external_key]) WHERE external_key IS NOT NULL;
GO
CREATE UNIQUE CLUSTERED INDEX [assets_tenant_id_created_at_id_index] ON [assets] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [assets] ADD CONSTRAINT [assets_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [zones] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [name] nvarchar(200) not null,
    [level] int null,
    [description] nvarchar(max) null,
    [revision] int not null CONSTRAINT [zones_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [zones_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [zones_tenant_id_name_index] ON [zones] ([tenant_id], [name]);
GO
CREATE UNIQUE CLUSTERED INDEX [zones_tenant_id_created_at_id_index] ON [zones] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [zones] ADD CONSTRAINT [zones_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [vlans] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [number] int not null,
    [name] nvarchar(200) not null,
    [cidr] nvarchar(49) null,
    [gateway] nvarchar(45) null,
    [description] nvarchar(max) null,
    [revision] int not null CONSTRAINT [vlans_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [vlans_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [vlans_tenant_id_number_index] ON [vlans] ([tenant_id], [number]);
GO
CREATE UNIQUE CLUSTERED INDEX [vlans_tenant_id_created_at_id_index] ON [vlans] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [vlans] ADD CONSTRAINT [vlans_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [incidents] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [number] int not null,
    [title] nvarchar(200) not null,
    [description] nvarchar(max) null,
    [status] nvarchar(40) not null CONSTRAINT [incidents_status_default] DEFAULT 'open',
    [severity] nvarchar(20) not null,
    [impact] nvarchar(20) not null,
    [urgency] nvarchar(20) not null,
    [priority] nvarchar(4) not null,
    [major] bit not null CONSTRAINT [incidents_major_default] DEFAULT '0',
    [assigned_to] uniqueidentifier null,
    [resolution_note] nvarchar(max) null,
    [sla_response_due] datetime2(3) null,
    [sla_resolve_due] datetime2(3) null,
    [sla_response_breached] bit not null CONSTRAINT [incidents_sla_response_breached_default] DEFAULT '0',
    [sla_resolve_breached] bit not null CONSTRAINT [incidents_sla_resolve_breached_default] DEFAULT '0',
    [responded_at] datetime2(3) null,
    [resolved_at] datetime2(3) null,
    [closed_at] datetime2(3) null,
    [created_by] uniqueidentifier null,
    [revision] int not null CONSTRAINT [incidents_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [incidents_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [incidents_tenant_id_number_index] ON [incidents] ([tenant_id], [number]);
GO
CREATE INDEX [incidents_tenant_id_status_index] ON [incidents] ([tenant_id], [status]);
GO
CREATE UNIQUE CLUSTERED INDEX [incidents_tenant_id_created_at_id_index] ON [incidents] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [incidents] ADD CONSTRAINT [incidents_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [incident_timeline_events] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [incident_id] uniqueidentifier not null,
    [kind] nvarchar(40) not null,
    [data] nvarchar(max) not null CONSTRAINT [incident_timeline_events_data_default] DEFAULT '{}',
    [actor_id] uniqueidentifier null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [incident_timeline_events_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [incident_timeline_events_incident_id_foreign] FOREIGN KEY ([incident_id]) REFERENCES [incidents] ([id]) ON DELETE cascade);
GO
CREATE INDEX [incident_timeline_events_incident_id_created_at_index] ON [incident_timeline_events] ([incident_id], [created_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [incident_timeline_events_tenant_id_created_at_id_index] ON [incident_timeline_events] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [incident_timeline_events] ADD CONSTRAINT [incident_timeline_events_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [incident_comments] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [incident_id] uniqueidentifier not null,
    [body] nvarchar(max) not null,
    [mentions] nvarchar(max) not null CONSTRAINT [incident_comments_mentions_default] DEFAULT '[]',
    [author_id] uniqueidentifier null,
    [revision] int not null CONSTRAINT [incident_comments_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [incident_comments_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [incident_comments_incident_id_foreign] FOREIGN KEY ([incident_id]) REFERENCES [incidents] ([id]) ON DELETE cascade);
GO
CREATE INDEX [incident_comments_incident_id_created_at_index] ON [incident_comments] ([incident_id], [created_at]);
GO
CREATE UNIQUE CLUSTERED INDEX [incident_comments_tenant_id_created_at_id_index] ON [incident_comments] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [incident_comments] ADD CONSTRAINT [incident_comments_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [problems] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [number] int not null,
    [title] nvarchar(200) not null,
    [description] nvarchar(max) null,
    [status] nvarchar(40) not null CONSTRAINT [problems_status_default] DEFAULT 'open',
    [root_cause] nvarchar(max) null,
    [workaround] nvarchar(max) null,
    [assigned_to] uniqueidentifier null,
    [created_by] uniqueidentifier null,
    [revision] int not null CONSTRAINT [problems_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [problems_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [problems_tenant_id_number_index] ON [problems] ([tenant_id], [number]);
GO
CREATE INDEX [problems_tenant_id_status_index] ON [problems] ([tenant_id], [status]);
GO
CREATE UNIQUE CLUSTERED INDEX [problems_tenant_id_created_at_id_index] ON [problems] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [problems] ADD CONSTRAINT [problems_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [changes] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [number] int not null,
    [title] nvarchar(200) not null,
    [description] nvarchar(max) null,
    [status] nvarchar(40) not null CONSTRAINT [changes_status_default] DEFAULT 'draft',
    [type] nvarchar(20) not null,
    [risk] nvarchar(20) not null,
    [planned_start] datetime2(3) null,
    [planned_end] datetime2(3) null,
    [emergency_reason] nvarchar(max) null,
    [created_by] uniqueidentifier null,
    [revision] int not null CONSTRAINT [changes_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [changes_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [changes_tenant_id_number_index] ON [changes] ([tenant_id], [number]);
GO
CREATE INDEX [changes_tenant_id_status_index] ON [changes] ([tenant_id], [status]);
GO
CREATE UNIQUE CLUSTERED INDEX [changes_tenant_id_created_at_id_index] ON [changes] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [changes] ADD CONSTRAINT [changes_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [knowledge_articles] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [title] nvarchar(200) not null,
    [body] nvarchar(max) not null,
    [status] nvarchar(20) not null CONSTRAINT [knowledge_articles_status_default] DEFAULT 'draft',
    [tags] nvarchar(max) not null CONSTRAINT [knowledge_articles_tags_default] DEFAULT '[]',
    [created_by] uniqueidentifier null,
    [revision] int not null CONSTRAINT [knowledge_articles_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [knowledge_articles_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE INDEX [knowledge_articles_tenant_id_title_index] ON [knowledge_articles] ([tenant_id], [title]);
GO
CREATE UNIQUE CLUSTERED INDEX [knowledge_articles_tenant_id_created_at_id_index] ON [knowledge_articles] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [knowledge_articles] ADD CONSTRAINT [knowledge_articles_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [diagrams] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [site_id] uniqueidentifier null,
    [change_id] uniqueidentifier null,
    [name] nvarchar(200) not null,
    [description] nvarchar(max) null,
    [canvas] nvarchar(max) not null CONSTRAINT [diagrams_canvas_default] DEFAULT '{}',
    [revision] int not null CONSTRAINT [diagrams_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [diagrams_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [diagrams_site_id_foreign] FOREIGN KEY ([site_id]) REFERENCES [sites] ([id]));
GO
CREATE INDEX [diagrams_site_id_index] ON [diagrams] ([site_id]);
GO
CREATE INDEX [diagrams_change_id_index] ON [diagrams] ([change_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [diagrams_tenant_id_created_at_id_index] ON [diagrams] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [diagrams] ADD CONSTRAINT [diagrams_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [vulnerabilities] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [asset_id] uniqueidentifier not null,
    [cve_id] nvarchar(24) not null,
    [status] nvarchar(20) not null CONSTRAINT [vulnerabilities_status_default] DEFAULT 'open',
    [confidence] nvarchar(20) not null,
    [reason] nvarchar(max) null,
    [accepted_until] datetime2(3) null,
    [cvss_score] float null,
    [cvss_version] nvarchar(4) null,
    [cvss_vector] nvarchar(200) null,
    [epss] float null,
    [epss_percentile] float null,
    [kev] bit not null CONSTRAINT [vulnerabilities_kev_default] DEFAULT '0',
    [kev_due_date] nvarchar(10) null,
    [exploits] int not null CONSTRAINT [vulnerabilities_exploits_default] DEFAULT '0',
    [criteria] nvarchar(max) not null CONSTRAINT [vulnerabilities_criteria_default] DEFAULT '[]',
    [first_seen] datetime2(3) not null,
    [last_seen] datetime2(3) not null,
    [resolved_at] datetime2(3) null,
    [risk] float not null CONSTRAINT [vulnerabilities_risk_default] DEFAULT '0',
    [revision] int not null CONSTRAINT [vulnerabilities_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [vulnerabilities_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [vulnerabilities_asset_id_foreign] FOREIGN KEY ([asset_id]) REFERENCES [assets] ([id]) ON DELETE cascade);
GO
CREATE UNIQUE INDEX [vulnerabilities_asset_id_cve_id_tenant_id_index] ON [vulnerabilities] ([asset_id], [cve_id], [tenant_id]);
GO
CREATE INDEX [vulnerabilities_tenant_id_risk_id_index] ON [vulnerabilities] ([tenant_id], [risk], [id]);
GO
CREATE INDEX [vulnerabilities_tenant_id_status_risk_id_index] ON [vulnerabilities] ([tenant_id], [status], [risk], [id]);
GO
CREATE INDEX [vulnerabilities_cve_id_tenant_id_index] ON [vulnerabilities] ([cve_id], [tenant_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [vulnerabilities_tenant_id_created_at_id_index] ON [vulnerabilities] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [vulnerabilities] ADD CONSTRAINT [vulnerabilities_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [vuln_scanner_settings] (
    [tenant_id] uniqueidentifier not null,
    [nvd_api_key] nvarchar(max) null,
    [feed_sync_enabled] bit not null CONSTRAINT [vuln_scanner_settings_feed_sync_enabled_default] DEFAULT '1',
    [alert_min_cvss] float not null CONSTRAINT [vuln_scanner_settings_alert_min_cvss_default] DEFAULT '9',
    [updated_at] datetime2(3) not null,
    CONSTRAINT [vuln_scanner_settings_pkey] PRIMARY KEY ([tenant_id]),
    CONSTRAINT [vuln_scanner_settings_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE TABLE [security_alerts] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [source] nvarchar(20) not null,
    [title] nvarchar(300) not null,
    [severity] nvarchar(20) not null,
    [status] nvarchar(20) not null CONSTRAINT [security_alerts_status_default] DEFAULT 'open',
    [description] nvarchar(max) null,
    [source_ip] nvarchar(45) null,
    [destination_ip] nvarchar(45) null,
    [asset_id] uniqueidentifier null,
    [device_id] uniqueidentifier null,
    [cve_id] nvarchar(24) null,
    [dedupe_key] nvarchar(200) null,
    [data] nvarchar(max) not null CONSTRAINT [security_alerts_data_default] DEFAULT '{}',
    [occurred_at] datetime2(3) not null,
    [revision] int not null CONSTRAINT [security_alerts_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [security_alerts_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [security_alerts_tenant_id_dedupe_key_index] ON [security_alerts] ([tenant_id], [dedupe_key]) WHERE dedupe_key IS NOT NULL;
GO
CREATE INDEX [security_alerts_tenant_id_status_index] ON [security_alerts] ([tenant_id], [status]);
GO
CREATE UNIQUE CLUSTERED INDEX [security_alerts_tenant_id_created_at_id_index] ON [security_alerts] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [security_alerts] ADD CONSTRAINT [security_alerts_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [edge_provisioning_keys] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [key] nvarchar(64) not null,
    [label] nvarchar(200) not null,
    [expires_at] datetime2(3) null,
    [max_uses] int null,
    [uses] int not null CONSTRAINT [edge_provisioning_keys_uses_default] DEFAULT '0',
    [revoked_at] datetime2(3) null,
    [created_by] uniqueidentifier null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [edge_provisioning_keys_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]));
GO
CREATE UNIQUE INDEX [edge_provisioning_keys_key_index] ON [edge_provisioning_keys] ([key]);
GO
CREATE UNIQUE CLUSTERED INDEX [edge_provisioning_keys_tenant_id_created_at_id_index] ON [edge_provisioning_keys] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [edge_provisioning_keys] ADD CONSTRAINT [edge_provisioning_keys_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
CREATE TABLE [devices] (
    [id] uniqueidentifier not null,
    [tenant_id] uniqueidentifier not null,
    [site_id] uniqueidentifier null,
    [provisioning_key_id] uniqueidentifier null,
    [name] nvarchar(200) not null,
    [location] nvarchar(400) null,
    [type] nvarchar(40) not null,
    [device_key] nvarchar(64) not null,
    [status] nvarchar(20) not null CONSTRAINT [devices_status_default] DEFAULT 'registered',
    [version] nvarchar(100) null,
    [ip_address] nvarchar(45) null,
    [last_seen_at] datetime2(3) null,
    [revoked_at] datetime2(3) null,
    [revision] int not null CONSTRAINT [devices_revision_default] DEFAULT '1',
    [updated_at] datetime2(3) not null,
    [created_at] datetime2(3) not null,
    CONSTRAINT [devices_tenant_id_foreign] FOREIGN KEY ([tenant_id]) REFERENCES [tenants] ([id]),
    CONSTRAINT [devices_site_id_foreign] FOREIGN KEY ([site_id]) REFERENCES [sites] ([id]));
GO
CREATE UNIQUE INDEX [devices_device_key_index] ON [devices] ([device_key]);
GO
CREATE INDEX [devices_tenant_id_status_index] ON [devices] ([tenant_id], [status]);
GO
CREATE INDEX [devices_site_id_index] ON [devices] ([site_id]);
GO
CREATE UNIQUE CLUSTERED INDEX [devices_tenant_id_created_at_id_index] ON [devices] ([tenant_id], [created_at], [id]);
GO
ALTER TABLE [devices] ADD CONSTRAINT [devices_pkey] PRIMARY KEY NONCLUSTERED ([id]);
GO
