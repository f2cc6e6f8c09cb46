/*
 * HTML text. Input is valid UTF-8; results are the caller's.
 */
#pragma once

#include <glib.h>

/* & < > " ' as &amp; &lt; &gt; &quot; &#039;. */
char *html_escape(const char *text);
/* `text` without script and style elements (content too), comments and all tags, ASCII-trimmed (contract 7.4). Entities stay. */
char *html_strip_tags(const char *text);
/* HTML entities of `text` decoded: the five of XML, numeric ones, and &nbsp;. */
char *html_decode(const char *text);
