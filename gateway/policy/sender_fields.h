/*
 * Which fields hold the visitor's addresses (policy/sender.h).
 */
#pragma once

#include "sekisho/form/submission.h"

gboolean sender_is_address_field(const Form *form, const SubmissionField *field);
