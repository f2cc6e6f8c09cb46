-- Prepared like every other statement, because each commit runs both.
-- name: transaction_begin
BEGIN IMMEDIATE

-- name: transaction_commit
COMMIT

-- One row: "ok", or the first thing that is wrong.
-- name: database_check
PRAGMA quick_check(1)
