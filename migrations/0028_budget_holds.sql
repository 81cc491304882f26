-- Of calls that were under way before; nobody would ever settle them.
DELETE FROM "budget_reservations";--> statement-breakpoint
ALTER TABLE "budget_reservations" ADD COLUMN "holds" jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "budget_reservations" DROP COLUMN "budget_ids";--> statement-breakpoint
ALTER TABLE "budget_reservations" DROP COLUMN "period_starts";