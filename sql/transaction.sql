-- Prepared like every other statement, because each commit runs both.
-- name: transaction_begin
BEGIN IMMEDIATE

-- name: transaction_commit
COMMIT
