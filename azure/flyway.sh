#!/usr/bin/env bash
# Runs all migrations with Flyway: the kernel's, then those of each plugin, which has a history of its own.
#   azure/flyway.sh 'jdbc:sqlserver://host:1433;databaseName=monozu' [migrate|validate|info|repair]
# Sign-in: FLYWAY_USER and FLYWAY_PASSWORD, or SQL_ACCESS_TOKEN with a token of Entra:
#   export SQL_ACCESS_TOKEN=$(az account get-access-token --resource https://database.windows.net/ --query accessToken -o tsv)
# FLYWAY names another program than `flyway`.
set -euo pipefail
cd "$(dirname "$0")/.."

url=${1:?the JDBC URL of the database}
shift
[ $# -gt 0 ] || set -- migrate

# Not on the command line, where every user of the machine could read it.
config=$(mktemp)
trap 'rm -f "$config"' EXIT
[ -z "${SQL_ACCESS_TOKEN:-}" ] || printf 'flyway.jdbcProperties.accessToken=%s\n' "$SQL_ACCESS_TOKEN" >"$config"
options=(-url="$url" -configFiles="$config" -skipCheckForUpdate)
# Rows of every tenant are there for a script to change, also under row-level security.
case $url in jdbc:sqlserver:*) options+=(-initSql="EXEC sp_set_session_context N'platform', 1") ;; esac

"${FLYWAY:-flyway}" "${options[@]}" -locations=filesystem:db/flyway -table=flyway_schema_history "$@"
for scripts in plugins/*/flyway; do
  plugin=$(basename "$(dirname "$scripts")")
  # The kernel's tables are there already, so a plugin's history begins with a baseline before its first version.
  "${FLYWAY:-flyway}" "${options[@]}" -locations="filesystem:$scripts" -table="${plugin}_schema_history" \
    -baselineOnMigrate=true -baselineVersion=0 "$@"
done
