-- Links that a person pressed and the courier has not looked at yet (store/presses.h).
CREATE TABLE link_press (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	site TEXT NOT NULL,
	token TEXT NOT NULL UNIQUE,
	pressed_at INTEGER NOT NULL
) STRICT;
