SHELL := /bin/bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Node with what every start needs: a quick way through its many modules (see the file), and a small nursery, which grows to 48 MB
# at start otherwise and stays so.
NODE := node --max-semi-space-size=8 --import ./src/db/fast-imports.ts
VITEST := node node_modules/vitest/vitest.mjs run

# What every change has to pass; tests come on top of it.
STATIC := biome check --error-on-warnings . && tsc && tsc -p tests && knip

.PHONY: help run dev demo test bench test-wordpress test-faults test-security sabotage mutate sbom check seed-connectors check-catalog tenant operator reset-password rotate-master-key rotate-data-keys doctor backup restore plan apply export format migrations

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: node_modules/.ready ## start the hub: http://127.0.0.1:3000 unless PORT or HOST say otherwise
	@exec $(NODE) src/server.ts

dev: node_modules/.ready ## the same, restarted whenever a file changes
	@exec $(NODE) --watch-path=src --watch-path=views --watch-path=public src/server.ts

demo: node_modules/.ready ## the hub with stand-ins for the services: no account, no network; PORT=…
	@exec $(NODE) tests/sandbox/demo.ts

test: node_modules/.ready browser ## everything: format, lint, types, dead code, unit, database, browser
	@$(STATIC)
	@node tests/run.ts

bench: node_modules/.ready browser ## measure beside bare routes: OUT=file for the JSON, ROUNDS=5, ONLY=lists,load,gateway,sql,…, STRICT=1
	@OUT="$$OUT" $(NODE) tests/bench/run.ts

test-security: node_modules/.ready browser ## examine what docs/security.md promises: ONLY=g1,g3,… N=tries SEED=number
	@ONLY="$$ONLY" N="$$N" SEED="$$SEED" node tests/security/run.ts

sabotage: node_modules/.ready browser ## break the code on purpose, one place after the other, and see each break found: ONLY=envelope,csrf,…
	@ONLY="$$ONLY" node tests/security/sabotage.ts

mutate: node_modules/.ready ## change what safety hangs on, one small place after the other, and count what tests notice: ONLY=vault,oauth,… AGAIN=1 for what is new
	@ONLY="$$ONLY" JOBS="$${JOBS:-1}" AGAIN="$$AGAIN" node tests/mutation/run.ts

sbom: node_modules/.ready ## write what the hub is built of, as CycloneDX: OUT=.data/sbom.json
	@mkdir -p "$(dir $(or $(OUT),.data/sbom.json))" && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev --offline --loglevel=error > "$(or $(OUT),.data/sbom.json)" && echo "Written to $(or $(OUT),.data/sbom.json)."

test-faults: node_modules/.ready ## break things around running hubs and see what still holds: ONLY=pool,stop,… N=rounds SEED=number FROM=commit OUT=file VERBOSE=1
	@OUT="$$OUT" $(NODE) tests/faults/run.ts

test-wordpress: node_modules/.ready ## the WordPress driver on a site of yours: WORDPRESS_URL, WORDPRESS_USER, WORDPRESS_APP_PASSWORD
	@$(NODE) tests/real/wordpress.ts

check: node_modules/.ready ## the quick part, in a minute or two: format, lint, types, dead code, architecture, unit tests
	@$(STATIC)
	@$(VITEST) --project unit

seed-connectors: node_modules/.ready ## bring the catalog up to date with the drivers; a second run changes nothing
	@$(NODE) seeds/connectors.ts

tenant: node_modules/.ready ## make a workspace with its owner: NAME=… EMAIL=… PASSWORD=…
	@$(NODE) src/commands/tenant.ts --name "$$NAME" --email "$$EMAIL"

operator: node_modules/.ready ## let somebody operate the hub: EMAIL=…, or take it away: EMAIL=… REMOVE=1
	@$(NODE) src/commands/operator.ts --email "$$EMAIL" --remove "$$REMOVE"

reset-password: node_modules/.ready ## print a link with which somebody sets a new password: EMAIL=… [SECOND_FACTOR=remove]
	@$(NODE) src/commands/reset-password.ts --email "$$EMAIL" --second-factor "$$SECOND_FACTOR"

check-catalog: node_modules/.ready ## read the services that DIR=… describes as a start of the hub would: CATALOG_DIR without the start
	@$(NODE) src/commands/check-catalog.ts --dir "$$DIR"

rotate-master-key: node_modules/.ready ## wrap everything under the newest master key, also while the hub runs; repeat it after a crash
	@$(NODE) src/commands/rotate-master-key.ts

rotate-data-keys: node_modules/.ready ## a new data key for every workspace, or for TENANT=…; all secrets are sealed anew
	@$(NODE) src/commands/rotate-data-keys.ts --tenant "$$TENANT"

doctor: node_modules/.ready ## examine database, keys, machine and settings: DEEP=1 opens every secret too, JSON=1 for programs
	@$(NODE) src/commands/doctor.ts $(if $(DEEP),--deep) $(if $(JSON),--json)

backup: node_modules/.ready ## write all data into a new encrypted FILE=…, also while the hub runs; BACKUP_PASSPHRASE or _FILE
	@$(NODE) src/commands/backup.ts --file "$$FILE"

restore: node_modules/.ready ## bring FILE=… back into an empty DATA_DIR or database that has its master keys again
	@$(NODE) src/commands/restore.ts --file "$$FILE"

plan: node_modules/.ready ## show what applying connectors from FILE=patchbay.yaml would change [TENANT=…] [PRUNE=1]
	@$(NODE) src/commands/plan.ts --file "$$FILE" --tenant "$$TENANT" --prune "$$PRUNE"

apply: node_modules/.ready ## bring a workspace's connectors to what FILE=patchbay.yaml says; PRUNE=1 deletes those it no longer has
	@$(NODE) src/commands/apply.ts --file "$$FILE" --tenant "$$TENANT" --prune "$$PRUNE"

export: node_modules/.ready ## write a workspace's connectors as a file, without secrets: TENANT=… [FILE=patchbay.yaml]
	@$(NODE) src/commands/export.ts --tenant "$$TENANT" --file "$$FILE"

format: node_modules/.ready ## write the formatting that check asks for
	@biome check --write .

migrations: node_modules/.ready ## write a migration for what changed in src/db/schema
	@drizzle-kit generate

.PHONY: browser
browser: node_modules/.ready
	@node tests/support/browser.ts

# Installs exactly what the lock file says, without running any package's scripts, patches the database driver, and builds the
# editor that forms load for lists and maps.
node_modules/.ready: package.json package-lock.json $(wildcard patches/*)
	@command -v npm >/dev/null || { echo 'Patchbay needs Node.js 20 or newer with npm to begin with; it brings its own newer Node after that.'; exit 1; }
	@echo 'Installing packages (once)…'
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@patch-package --error-on-fail
	@node src/lib/json-editor.ts
	@touch $@
