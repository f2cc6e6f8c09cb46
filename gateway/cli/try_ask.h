/*
 * What `sekisho try --ask` asks of others: the captcha's service and the DNS, as the front does, but waiting for each answer.
 */
#pragma once

#include <glib.h>

#include "command.h"
#include "sekisho/policy/gate.h"

/* Appends what the service says of the token that the submission brings; `error`, and FALSE, only if it cannot even be asked. An ALTCHA payload is verified here. */
gboolean try_ask_captcha(Command *command, const GateInput *input, GPtrArray *findings, GError **error);
/* Appends what the DNS says of the domains of the visitor's addresses. */
gboolean try_ask_domains(Command *command, const GateInput *input, GPtrArray *findings, GError **error);
