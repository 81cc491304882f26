# Installs and builds, and then takes away what only that needs: development tools and the embedded database.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
COPY patches ./patches
RUN npm ci --ignore-scripts --no-audit --no-fund && npx patch-package --error-on-fail
COPY src/lib/json-editor.ts ./src/lib/
RUN node -e "import('./src/lib/json-editor.ts').then((built) => built.jsonEditorModule())" \
  && npm prune --ignore-scripts --omit=dev --omit=optional

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY --from=packages --chown=node:node /app/.cache ./.cache
COPY package.json ./
COPY migrations ./migrations
COPY public ./public
COPY seeds ./seeds
COPY src ./src
COPY views ./views
USER node
# Compiles everything once, as the user that runs it later: what is found in .cache is not compiled again at each start.
RUN ["node", "--max-semi-space-size=8", "--import", "./src/db/fast-imports.ts", "--input-type=module", "-e", "await import('./src/app.ts'); await import('./src/services/people/identity-library.ts')"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=8", "--import", "./src/db/fast-imports.ts", "src/server.ts"]
