# syntax=docker/dockerfile:1

# The program is JavaScript and its one native module (SQLite) brings a binary for every platform: so it is built once, on the
# machine that builds, and only copied into the image of each platform.
FROM --platform=$BUILDPLATFORM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
COPY tools tools
# The install scripts would fetch Node 24, which this image has already.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY nest-cli.json .swcrc tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY src src
RUN npm run build \
 && npm prune --omit=dev --no-audit --no-fund \
 && rm -rf node_modules/better-sqlite3/deps node_modules/better-sqlite3/src node_modules/tiktoken/encoders node_modules/tiktoken/lite \
 && find node_modules/better-sqlite3/prebuilds -type f ! -name 'linux-*' -delete \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete \
 && mkdir -p /state/auths /state/data

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="codex-proxy" \
      org.opencontainers.image.description="OpenAI-compatible gateway over a pool of Codex accounts" \
      org.opencontainers.image.licenses="GPL-3.0-only"
ENV NODE_ENV=production \
    CODEX_PROXY_LISTEN=:8080
WORKDIR /app
COPY --from=build --chown=node:node /state ./
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
COPY LICENSE config.example.yaml ./
# node, by number, so that orchestrators can see that it is not root.
USER 1000:1000
EXPOSE 8080
VOLUME ["/app/data"]
# The program handles SIGTERM itself: it may be the first process of the container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["node", "-e", "const port = process.env.CODEX_PROXY_LISTEN.split(':').pop(); fetch(`http://127.0.0.1:${port}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/main.js"]
