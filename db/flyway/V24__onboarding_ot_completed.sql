-- onboarding ot completed. Rendered from db/migrations by "npm run migrations:render"; do not edit.
ALTER TABLE [tenants] ADD [onboarding_ot_completed] bit not null CONSTRAINT [tenants_onboarding_ot_completed_default] DEFAULT '0';
GO
