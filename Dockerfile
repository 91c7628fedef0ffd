# The server as production runs it. Build: docker build --build-arg REVISION=$(git rev-parse HEAD) -t cloud-backend .
# Run: docker run -p 8000:8000 -v cloud-data:/data --env-file production.env cloud-backend
# Root may be read-only: docker run --read-only --tmpfs /tmp …; only /data is written.

FROM node:24-bookworm-slim AS app
WORKDIR /app
COPY package.json package-lock.json ./
# The native parts (better-sqlite3, bcrypt) come built inside their packages, so no install script is needed. What only
# compilers, debuggers and other systems read goes: two thirds of it all.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && find node_modules -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.c' -o -name '*.h' \
    -o -path '*/prebuilds/*darwin*' -o -path '*/prebuilds/*win32*' -o -path '*/prebuilds/*musl*' \) -delete
COPY config ./config
COPY db ./db
COPY kernel ./kernel
COPY plugins ./plugins

# Node without npm and its kin: nothing to install with, and less to keep patched.
FROM debian:bookworm-slim
COPY --from=app /usr/local/bin/node /usr/local/bin/node
RUN useradd --uid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin node \
  && install -d -o node -g node -m 700 /data && install -d -o node -g node /app/.compiled
WORKDIR /app
COPY --from=app /app ./
USER 1000:1000
# Compiled once, here: a start reads it, also where nothing can be written.
ENV NODE_COMPILE_CACHE=/app/.compiled
RUN PORT=8000 DATA_DIR=/tmp/first-start node kernel/start.js >/dev/null & server=$! \
  && until node -e "fetch('http://127.0.0.1:8000/health/ready').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"; do \
    kill -0 $server && sleep 0.2 || exit 1; done \
  && kill $server && wait $server && rm -rf /tmp/first-start \
  && node -e "for (const name of ['tedious', '@azure/identity', 'mongodb', '@opentelemetry/sdk-trace-base']) require(name)"

ENV NODE_ENV=production DATA_DIR=/data PORT=8000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`, { signal: AbortSignal.timeout(2500) }).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and starts no others, so it needs no init: it handles SIGTERM and SIGINT itself.
# Give it longer to stop than SHUTDOWN_DELAY_SECONDS (5) and SHUTDOWN_TIMEOUT_SECONDS (25): docker stop --time 60.
CMD ["node", "--v8-pool-size=2", "kernel/start.js"]

ARG REVISION=unknown
LABEL org.opencontainers.image.title="Monozu Cloud Backend" \
  org.opencontainers.image.vendor="Monozu" \
  org.opencontainers.image.revision=$REVISION
