/*
 * The parts of lint. Private to form/.
 */
#pragma once

#include "sekisho/form/lint.h"

/* Adds a finding; the sentence is formatted. */
void lint_add(GPtrArray *findings, const char *code, const char *place, const char *advice, const char *format, ...)
	G_GNUC_PRINTF(5, 6);
/* The template: names, labels, elements, sizes of uploads. */
void lint_template(const Form *form, GPtrArray *findings);
/* Messages and additional settings. */
void lint_texts(const Form *form, GPtrArray *findings);
