/*
 * HTML text. Input is valid UTF-8; results are the caller's.
 */
#pragma once

#include <glib.h>

/* & < > " ' as &amp; &lt; &gt; &quot; &#039;. */
char *html_escape(const char *text);
/* The same, but character references that are there already stay: numeric ones, and the names of HTML 4 (&apos; is none of them), as
 * PHP's htmlspecialchars keeps them without double_encode. */
char *html_escape_once(const char *text);
/* `text` without script and style elements (content too), then without tags as PHP's strip_tags takes them out, then without ASCII white space at its ends
 * (contract 7.4). Entities stay. Such an element goes from `<script` or `<style` to the next `</script>` or `</style>`; one without that end loses only its tag.
 * A "<" begins a tag unless white space follows; within a tag each further "<" takes a ">" of its own, and what is in quotes ends nothing; comments,
 * declarations and `<? ?>` have the ends PHP gives them. What has no end reaches to the end of the text. So "I <3 U" is "I". */
char *html_strip_tags(const char *text);
/* Character references of `text` decoded once, as PHP's html_entity_decode does for HTML 5: numeric ones, and all names of HTML 5
 * with their semicolon. Others stay, and so do numeric ones of controls (but tab, CR and LF) or of no character. So CR and LF can
 * come out of a text that had none. */
char *html_decode(const char *text);
