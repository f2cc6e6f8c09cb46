-- For `sekisho why`: what else of a site came from the same network or address (store/related.h). A person asks that now and then, and the journal writes always: so new rows stand
-- behind the last ones, where an index by the hash would touch a page anywhere for each, and a question walks through the rows of its site.
CREATE INDEX submission_origin ON submission (site, received_at, network_hash, ip_hash);
