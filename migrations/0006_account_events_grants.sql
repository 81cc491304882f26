-- The history of an account can be added to, read, and forgotten when it is old; it is never rewritten.
GRANT SELECT, INSERT, DELETE ON "account_events" TO patchbay_system;
