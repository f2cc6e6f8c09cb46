/*
 * Follows the FastCGI records (FastCGI 1.0, section 3.3) of one request from header to header: begin, params up to an empty record,
 * body up to an empty record. Only headers are read, with MSG_PEEK, and each once: `next` is where the first unread one must
 * begin, and as long as there are not enough bytes for it a look costs one ioctl.
 *
 * States: BEGIN -> PARAMS -> BODY -> END, or from anywhere -> FOREIGN, which stays. END is whole; FOREIGN is left to libfcgi to refuse, and because
 * nobody knows whether it would wait, it counts as large.
 *
 * A request need not fit into the socket. How much does is the peer's affair (Linux counts what waits in a unix socket against the
 * sender's buffer, each piece with about 700 bytes of its own): 212992, the usual buffer, take 229 KB in pieces of 32 KiB, 180 KB in
 * pieces of 8 KiB, 72 KB in pieces of 1 KiB, and 278 single bytes; a sender that polls before it writes stops at a quarter of that. So there are two ways to be large: LIMIT_GATHER_BYTES have come, or
 * nothing came for LIMIT_STALL_MS, which may be because the peer cannot send. The second way is open only behind the params: a peer
 * that sends those in crumbs is no web server.
 */
#include "gather.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sekisho/base/limits.h"

#define HEADER_BYTES 8u
#define FASTCGI_VERSION 1
enum { RECORD_BEGIN = 1, RECORD_PARAMS = 4, RECORD_BODY = 5 };

/* A body of which less than this waits cannot have filled the sender's buffer, in whatever pieces it came. */
#define STALLED_BODY_BYTES 256u

Gather *
gather_new(int descriptor, gint64 now_us)
{
	Gather *gather = g_new0(Gather, 1);
	gather->descriptor = descriptor;
	gather->deadline_us = now_us + LIMIT_REQUEST_MS * G_TIME_SPAN_MILLISECOND;
	gather->progress_us = now_us;
	return gather;
}

/* The next record: what it says of where the request stands. */
static void
follow(Gather *gather, const guint8 *header)
{
	static const guint8 expected[] = {
	    [GATHER_BEGIN] = RECORD_BEGIN, [GATHER_PARAMS] = RECORD_PARAMS, [GATHER_BODY] = RECORD_BODY};
	const guint16 request_id = (guint16)(header[2] << 8 | header[3]);
	const gsize content_bytes = (gsize)header[4] << 8 | header[5];
	if (gather->stage == GATHER_BEGIN)
		gather->request_id = request_id;
	if (header[0] != FASTCGI_VERSION || header[1] != expected[gather->stage] || request_id != gather->request_id) {
		gather->stage = GATHER_FOREIGN;
		return;
	}
	gather->next += HEADER_BYTES + content_bytes + header[6];
	if (gather->stage == GATHER_BEGIN || content_bytes == 0)
		gather->stage++;
	if (gather->stage == GATHER_BODY && gather->body == 0)
		gather->body = gather->next;
}

static gboolean
is_followed(const Gather *gather)
{
	return gather->stage != GATHER_END && gather->stage != GATHER_FOREIGN;
}

/* Follows all records whose headers have come. */
static void
follow_all(Gather *gather)
{
	guint8 bytes[LIMIT_GATHER_BYTES];
	if (!is_followed(gather) || gather->next + HEADER_BYTES > MIN(gather->available, sizeof bytes))
		return;
	const ssize_t size = recv(gather->descriptor, bytes, MIN(gather->available, sizeof bytes), MSG_PEEK | MSG_DONTWAIT);
	while (is_followed(gather) && size >= 0 && gather->next + HEADER_BYTES <= (gsize)size)
		follow(gather, bytes + gather->next);
}

static gboolean
is_stalled(const Gather *gather, gint64 now_us)
{
	return gather->stage == GATHER_BODY && gather->available >= gather->body + STALLED_BODY_BYTES &&
	       now_us - gather->progress_us >= LIMIT_STALL_MS * G_TIME_SPAN_MILLISECOND;
}

GatherState
gather_look(Gather *gather, gint64 now_us, gboolean is_closed)
{
	int available = 0;
	if (is_closed || ioctl(gather->descriptor, FIONREAD, &available) != 0)
		return GATHER_WHOLE;
	if ((gsize)available > gather->available)
		gather->progress_us = now_us;
	gather->available = (gsize)available;
	follow_all(gather);
	if (gather->stage == GATHER_END && gather->available >= gather->next)
		return GATHER_WHOLE;
	const gboolean is_large =
	    gather->stage == GATHER_FOREIGN || gather->available >= LIMIT_GATHER_BYTES || is_stalled(gather, now_us);
	if (is_large && gather->large_us == 0)
		gather->large_us = now_us;
	return gather->large_us != 0 ? GATHER_LARGE : GATHER_MORE;
}

gboolean
gather_is_late(const Gather *gather, gint64 now_us)
{
	const gboolean is_idle = now_us - gather->progress_us >= LIMIT_PEER_MS * G_TIME_SPAN_MILLISECOND;
	return now_us >= gather->deadline_us || (is_idle && gather->large_us == 0);
}

Gather *
gather_longest_large(GHashTable *gathers)
{
	GHashTableIter iter;
	gpointer value;
	Gather *longest = NULL;
	g_hash_table_iter_init(&iter, gathers);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		Gather *gather = value;
		if (gather->large_us != 0 && (longest == NULL || gather->large_us < longest->large_us))
			longest = gather;
	}
	return longest;
}
