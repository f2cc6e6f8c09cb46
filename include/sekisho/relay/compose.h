/*
 * MIME: a letter becomes the bytes that go over the wire (GMime). UTF-8, but for texts whose letter asks for another charset that holds all their
 * characters; files in base64; headers by RFC 2047, parameters by RFC 2231; lines end with
 * CR LF and have at most 998 bytes; no bare CR or LF; Bcc is never written. All of it is ASCII; only the header of an international letter (letter_is_international) holds UTF-8, in
 * addresses.
 */
#pragma once

#include <glib.h>

#include "sekisho/relay/letter.h"

/* Once per process, before threads. */
void compose_init(void);
/* The whole message. RELAY_ERROR_MESSAGE. */
GBytes *compose_message(const Letter *letter, GError **error);
