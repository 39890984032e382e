# One image for api, worker and simulator: the command says which.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
# What /health/live tells: docker build --build-arg COMMIT=$(git rev-parse HEAD)
ARG COMMIT
RUN npm run build && npm run --silent sbom > sbom.json && npm prune --omit=dev --omit=optional

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 WORKER_HOST=0.0.0.0 WORKER_PORT=3001
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/sbom.json ./
COPY --from=build /app/scripts/healthcheck.mjs ./healthcheck.mjs
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The command line: docker compose exec api retract doctor
RUN ln -s /app/dist/apps/cli/src/main.js /usr/local/bin/retract
USER node
EXPOSE 3000 3001
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s CMD ["node", "healthcheck.mjs"]
CMD ["node", "--enable-source-maps", "dist/apps/api/src/main.js"]
