/*
 * HTML text. Input is valid UTF-8; results are the caller's.
 */
#pragma once

#include <glib.h>

/* & < > " ' as &amp; &lt; &gt; &quot; &#039;. */
char *html_escape(const char *text);
/* `text` without script and style elements (content too), comments and all tags, ASCII-trimmed (contract 7.4). Entities stay. A "<" begins a tag
 * unless white space follows, and an unclosed tag or comment reaches to the end of the text. */
char *html_strip_tags(const char *text);
/* HTML entities of `text` decoded once: the five of XML, numeric ones, and &nbsp;. Others stay, and so do numeric ones of controls (but tab, CR
 * and LF) or of no character. So CR and LF can come out of a text that had none. */
char *html_decode(const char *text);
