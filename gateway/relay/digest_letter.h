/*
 * The letter that carries many notices (digest.c).
 */
#pragma once

#include "courier_parts.h"

/* One message: when it came, its receipt, subject and Reply-To, then its text as the notice has it. What a visitor typed stands two spaces in, line by line, so that
 * none of it looks like the head of another message; subject and names have no line breaks. LF. The caller's. */
char *digest_entry(const Form *form, const Parcel *parcel);
/*
 * The digest of at least two parcels, oldest first, and their entries (char *, as many). It goes to the recipients of the first letter, by their deliveries; the
 * others' letters must have the same. From: is the form's sender under the site's title; there is no Reply-To. Its Message-ID names the first receipt and a hash of
 * all of them: RECEIPT.digest.GENERATION.HASH@SITE.
 */
Letter *digest_letter_new(const Form *form, const GPtrArray *parcels, const GPtrArray *entries);
