-- Users of the cloud database, without passwords. Run by a member of the SQL administrators, once for each environment:
--   sqlcmd -G -C -S sql-monozu-prd.database.windows.net -d db-monozu-cloud-prd -i azure/sql/users.sql \
--     -v APP="app-mz-cloud-prd" SLOT="app-mz-cloud-prd/slots/staging" MIGRATOR="sc-mz-cloud-prd"
-- APP and SLOT: the system-assigned identities of the app and of its staging slot, by the names that main.bicep tells.
-- MIGRATOR: the identity of the pipeline, which runs Flyway. It may be run again at any time.
SET XACT_ABORT ON;

-- The server reads and writes rows. It makes no tables: where migrations are pending it does not start.
IF USER_ID(N'$(APP)') IS NULL CREATE USER [$(APP)] FROM EXTERNAL PROVIDER;
ALTER ROLE [db_datareader] ADD MEMBER [$(APP)];
ALTER ROLE [db_datawriter] ADD MEMBER [$(APP)];

IF USER_ID(N'$(SLOT)') IS NULL CREATE USER [$(SLOT)] FROM EXTERNAL PROVIDER;
ALTER ROLE [db_datareader] ADD MEMBER [$(SLOT)];
ALTER ROLE [db_datawriter] ADD MEMBER [$(SLOT)];

-- Migrations change tables, their rows, and the policy of row-level security with the function that it calls.
IF USER_ID(N'$(MIGRATOR)') IS NULL CREATE USER [$(MIGRATOR)] FROM EXTERNAL PROVIDER;
ALTER ROLE [db_ddladmin] ADD MEMBER [$(MIGRATOR)];
ALTER ROLE [db_datareader] ADD MEMBER [$(MIGRATOR)];
ALTER ROLE [db_datawriter] ADD MEMBER [$(MIGRATOR)];
GRANT ALTER ANY SECURITY POLICY TO [$(MIGRATOR)];
GRANT REFERENCES ON SCHEMA::[dbo] TO [$(MIGRATOR)];
GO
