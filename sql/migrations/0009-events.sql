-- What happened to each delivery (store/outbox.h, DeliveryEvent; kinds: EventKind): tries, orders, bounces. Lines are written and read, never changed; so new ones stand behind the
-- last ones, and a transaction that settles many touches few pages.
CREATE TABLE delivery_event (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	delivery_id INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
	at INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	state INTEGER NOT NULL,
	account TEXT,
	actor TEXT,
	reason TEXT,
	server_text TEXT,
	reply_code INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX delivery_event_delivery ON delivery_event (delivery_id);
