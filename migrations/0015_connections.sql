CREATE TABLE "authorization_requests" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"connection_id" uuid,
	"user_id" uuid,
	"toolkit_slug" varchar(100),
	"provider_request_id" varchar(255),
	"status" varchar(20) DEFAULT 'pending' NOT NULL,
	"error" varchar(100),
	"message" text,
	"state_hash" varchar(64),
	"browser_hash" varchar(64),
	"link_hash" varchar(64),
	"sealed_verifier" text,
	"redirect_uri" varchar(2048),
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"return_to" varchar(2048),
	"started_at" timestamp with time zone,
	"used_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	"created_by" uuid,
	"created_by_name" varchar(255),
	"created_by_type" varchar(20) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "authorization_requests_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "authorization_requests_status_known" CHECK ("authorization_requests"."status" in ('pending', 'succeeded', 'denied', 'expired', 'failed'))
);
--> statement-breakpoint
ALTER TABLE "authorization_requests" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "connections" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connector_id" uuid NOT NULL,
	"user_id" uuid,
	"toolkit_slug" varchar(100),
	"external_account_id" varchar(255),
	"account_label" varchar(255),
	"status" varchar(20) DEFAULT 'active' NOT NULL,
	"status_reason" text,
	"health" varchar(20) DEFAULT 'unknown' NOT NULL,
	"health_message" text,
	"health_checked_at" timestamp with time zone,
	"health_latency_ms" integer,
	"health_failures" integer DEFAULT 0 NOT NULL,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"next_check_at" timestamp with time zone,
	"refresh_after" timestamp with time zone,
	"refresh_claimed_until" timestamp with time zone,
	"refresh_claim" uuid,
	"refresh_failures" integer DEFAULT 0 NOT NULL,
	"rate_limit" jsonb,
	"last_used_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "connections_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "connections_account" UNIQUE NULLS NOT DISTINCT("tenant_id","connector_id","user_id","toolkit_slug","external_account_id"),
	CONSTRAINT "connections_status_known" CHECK ("connections"."status" in ('initiated', 'active', 'expired', 'failed', 'inactive', 'revoked')),
	CONSTRAINT "connections_health_known" CHECK ("connections"."health" in ('healthy', 'degraded', 'unhealthy', 'unknown'))
);
--> statement-breakpoint
ALTER TABLE "connections" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "credentials" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"version" integer NOT NULL,
	"state" varchar(20) NOT NULL,
	"kind" varchar(20) DEFAULT 'grant' NOT NULL,
	"sealed" text,
	"scopes" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"expires_at" timestamp with time zone,
	"verified_at" timestamp with time zone,
	"kept_until" timestamp with time zone,
	"ended_by" varchar(40),
	"created_by" uuid,
	"created_by_name" varchar(255),
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credentials_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "credentials_state_known" CHECK ("credentials"."state" in ('pending', 'current', 'previous', 'revoked'))
);
--> statement-breakpoint
ALTER TABLE "credentials" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "executions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"tool" varchar(200) NOT NULL,
	"connector_id" uuid NOT NULL,
	"connection_id" uuid,
	"status" varchar(20) DEFAULT 'running' NOT NULL,
	"duration_ms" integer,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error_code" varchar(60),
	"error_message" text,
	"upstream_request_id" varchar(200),
	"input" jsonb,
	"output" jsonb,
	"actor_type" varchar(20) NOT NULL,
	"actor_id" uuid,
	"actor_name" varchar(255) NOT NULL,
	"request_id" varchar(100) NOT NULL,
	"finished_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "executions_tenant_id_id_pk" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "executions_status_known" CHECK ("executions"."status" in ('running', 'succeeded', 'failed', 'outcome_unknown', 'awaiting_approval'))
);
--> statement-breakpoint
ALTER TABLE "executions" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "health_checks" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"status" varchar(20) NOT NULL,
	"latency_ms" integer,
	"steps" jsonb NOT NULL,
	"message" text NOT NULL,
	"trigger" varchar(20) NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "health_checks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "health_checks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "repositories" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"connection_id" uuid NOT NULL,
	"external_id" varchar(100) NOT NULL,
	"full_name" varchar(255) NOT NULL,
	"description" text,
	"default_branch" varchar(255),
	"private" boolean NOT NULL,
	"archived" boolean DEFAULT false NOT NULL,
	"url" varchar(2048) NOT NULL,
	"synced_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "repositories_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "repositories" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "tenant_settings" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"keep_payloads" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_by" uuid,
	"updated_by_name" varchar(255),
	CONSTRAINT "tenant_settings_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "tenant_settings" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"webhook_id" uuid NOT NULL,
	"event" varchar(60) NOT NULL,
	"payload" jsonb NOT NULL,
	"status" varchar(20) DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"response_status" integer,
	"message" text,
	"delivered_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_deliveries_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE TABLE "webhooks" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"url" varchar(2048) NOT NULL,
	"events" jsonb NOT NULL,
	"sealed_secret" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_by" uuid,
	"updated_by" uuid,
	"created_by_name" varchar(255),
	"updated_by_name" varchar(255),
	CONSTRAINT "webhooks_tenant_id_id_pk" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
ALTER TABLE "webhooks" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "authorization_requests" ADD CONSTRAINT "authorization_requests_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "authorization_requests" ADD CONSTRAINT "authorization_requests_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_connector" FOREIGN KEY ("tenant_id","connector_id") REFERENCES "public"."connectors"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_connection" FOREIGN KEY ("tenant_id","connection_id") REFERENCES "public"."connections"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "executions" ADD CONSTRAINT "executions_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "health_checks" ADD CONSTRAINT "health_checks_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "health_checks" ADD CONSTRAINT "health_checks_connection" FOREIGN KEY ("tenant_id","connection_id") REFERENCES "public"."connections"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repositories" ADD CONSTRAINT "repositories_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "repositories" ADD CONSTRAINT "repositories_connection" FOREIGN KEY ("tenant_id","connection_id") REFERENCES "public"."connections"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tenant_settings" ADD CONSTRAINT "tenant_settings_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook" FOREIGN KEY ("tenant_id","webhook_id") REFERENCES "public"."webhooks"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_tenant_id_organizations_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."organizations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "authorization_requests_connector" ON "authorization_requests" USING btree ("tenant_id","connector_id");--> statement-breakpoint
CREATE INDEX "authorization_requests_expiry" ON "authorization_requests" USING btree ("expires_at") WHERE status = 'pending';--> statement-breakpoint
CREATE INDEX "authorization_requests_link" ON "authorization_requests" USING btree ("link_hash") WHERE link_hash is not null;--> statement-breakpoint
CREATE INDEX "connections_user" ON "connections" USING btree ("tenant_id","user_id");--> statement-breakpoint
CREATE INDEX "connections_status" ON "connections" USING btree ("tenant_id","status");--> statement-breakpoint
CREATE INDEX "connections_next_check" ON "connections" USING btree ("next_check_at") WHERE next_check_at is not null;--> statement-breakpoint
CREATE INDEX "connections_refresh" ON "connections" USING btree ("refresh_after") WHERE refresh_after is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_version" ON "credentials" USING btree ("tenant_id","connection_id","version");--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_current" ON "credentials" USING btree ("tenant_id","connection_id") WHERE state = 'current';--> statement-breakpoint
CREATE UNIQUE INDEX "credentials_pending" ON "credentials" USING btree ("tenant_id","connection_id") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "executions_connector" ON "executions" USING btree ("tenant_id","connector_id","created_at");--> statement-breakpoint
CREATE INDEX "executions_connection" ON "executions" USING btree ("tenant_id","connection_id","created_at");--> statement-breakpoint
CREATE INDEX "executions_newest" ON "executions" USING btree ("tenant_id","created_at");--> statement-breakpoint
CREATE INDEX "executions_age" ON "executions" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "health_checks_connection" ON "health_checks" USING btree ("tenant_id","connection_id","created_at");--> statement-breakpoint
CREATE INDEX "health_checks_age" ON "health_checks" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "repositories_external" ON "repositories" USING btree ("tenant_id","connection_id","external_id");--> statement-breakpoint
CREATE UNIQUE INDEX "tenant_settings_once" ON "tenant_settings" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_webhook" ON "webhook_deliveries" USING btree ("tenant_id","webhook_id","created_at");--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "authorization_requests" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "connections" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "credentials" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "executions" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "health_checks" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "repositories" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "tenant_settings" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "webhook_deliveries" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);--> statement-breakpoint
CREATE POLICY "tenant_fence" ON "webhooks" AS PERMISSIVE FOR ALL TO "patchbay_app" USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid) WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);