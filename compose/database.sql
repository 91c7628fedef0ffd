-- The database for `docker compose up`, as Azure SQL would have it, and the login of the server. Runs at every start.
IF DB_ID(N'monozu') IS NULL CREATE DATABASE [monozu];
GO
IF EXISTS (SELECT 1 FROM sys.databases WHERE name = N'monozu' AND is_read_committed_snapshot_on = 0)
  ALTER DATABASE [monozu] SET READ_COMMITTED_SNAPSHOT ON WITH ROLLBACK IMMEDIATE;
GO
IF SUSER_ID(N'cloud') IS NULL CREATE LOGIN [cloud] WITH PASSWORD = N'$(DATABASE_PASSWORD)', CHECK_POLICY = OFF;
ELSE ALTER LOGIN [cloud] WITH PASSWORD = N'$(DATABASE_PASSWORD)', CHECK_POLICY = OFF;
GO
USE [monozu];
GO
-- It makes the tables, too. In production, another identity does (azure/sql/users.sql).
IF USER_ID(N'cloud') IS NULL CREATE USER [cloud] FOR LOGIN [cloud];
ALTER ROLE [db_owner] ADD MEMBER [cloud];
GO
