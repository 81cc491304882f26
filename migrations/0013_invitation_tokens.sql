ALTER TABLE "invitations" ADD COLUMN "token_hash" varchar(64);--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_token_hash_unique" UNIQUE("token_hash");