#!/usr/bin/env bash
# Whether a deployed server is well: ready within five minutes, describes its API, and asks for credentials.
#   azure/smoke.sh https://app-mz-cloud-dev-staging.azurewebsites.net
set -euo pipefail
url=${1:?the address of the server}
url=${url%/}

status() { curl --silent --output /dev/null --max-time 10 --write-out '%{http_code}' "$@" || true; }
expect() {
  local wanted=$1 got
  shift
  got=$(status "$@")
  [ "$got" = "$wanted" ] || { echo "${*: -1} answers $got, expected $wanted" >&2; exit 1; }
}

deadline=$((SECONDS + ${SMOKE_SECONDS:-300}))
until [ "$(status "$url/health/ready")" = 200 ]; do
  if [ "$SECONDS" -ge "$deadline" ]; then
    echo "$url is not ready:" >&2
    curl --silent --max-time 10 "$url/health/ready" >&2 || true
    exit 1
  fi
  sleep 3
done
expect 200 "$url/health/live"
expect 200 "$url/openapi.json"
expect 401 "$url/api/v1/me"
expect 401 "$url/internal/jobs/00000000-0000-7000-8000-000000000000"
echo "$url is well: $(curl --silent --max-time 10 "$url/health/ready")"
