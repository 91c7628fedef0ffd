# The server as production runs it. Build: docker build -t monozu-cloud-backend .
# Run: docker run -p 8000:8000 -v monozu-data:/data --env-file production.env monozu-cloud-backend
# Root may be read-only: docker run --read-only --tmpfs /tmp … (only /data and, for the compile cache, /tmp are written).

FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# The native parts (better-sqlite3, bcrypt) come built inside their packages, so no install script is needed.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-slim
WORKDIR /app
ENV NODE_ENV=production DATA_DIR=/data PORT=8000
RUN mkdir /data && chown node:node /data && chmod 700 /data
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY config ./config
COPY db ./db
COPY kernel ./kernel
COPY plugins ./plugins
USER node
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`, { signal: AbortSignal.timeout(2500) }).then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node is process 1 and starts no others, so it needs no init: kernel/main.ts handles SIGTERM and SIGINT itself.
# Give it longer to stop than SHUTDOWN_TIMEOUT_SECONDS (25): docker stop --time 30.
CMD ["node", "kernel/main.ts"]
