ALTER TABLE "connections" DROP CONSTRAINT "connections_account";--> statement-breakpoint
ALTER TABLE "llm_usage" ADD COLUMN "price_source" varchar(10);--> statement-breakpoint
ALTER TABLE "llm_usage" ADD COLUMN "price_input_usd" numeric(18, 6);--> statement-breakpoint
ALTER TABLE "llm_usage" ADD COLUMN "price_cached_usd" numeric(18, 6);--> statement-breakpoint
ALTER TABLE "llm_usage" ADD COLUMN "price_output_usd" numeric(18, 6);--> statement-breakpoint
ALTER TABLE "connections" ADD CONSTRAINT "connections_account" UNIQUE NULLS NOT DISTINCT("tenant_id","connector_id","user_id","toolkit_slug","external_account_id","auth_config_id");