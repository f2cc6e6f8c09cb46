/*
 * A session: one process, one account, some letters. The courier starts its own program again (`sekishod --role session`,
 * exec'ed, so nothing of its memory or files comes along), hands it account and letters over a socket pair, and reads
 * outcomes back. It dies with the courier, and is killed at LIMIT_SESSION_MS.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/transport.h"

/* The session's own main: reads its job from `descriptor`, runs the transport, reports, returns an exit code. */
int session_main(int descriptor);
