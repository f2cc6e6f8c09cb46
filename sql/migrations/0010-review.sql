-- What a review link opens (store/review.h): the content key of one submission, wrapped under the secret that stands in the link alone. A row goes when its time is over, a person has
-- decided, or its submission goes. Stages: store/review.h, ReviewStage.
CREATE TABLE review (
	submission_id INTEGER NOT NULL REFERENCES submission (id) ON DELETE CASCADE,
	stage INTEGER NOT NULL,
	wrapped BLOB NOT NULL,
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (submission_id, stage)
) STRICT, WITHOUT ROWID;

CREATE INDEX review_expires ON review (expires_at);

-- What the button of a review link's page asks for (store/review.h, review_decision_text); '': a confirmation was pressed.
ALTER TABLE link_press ADD COLUMN decision TEXT NOT NULL DEFAULT '';
