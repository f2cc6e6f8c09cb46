/*
 * What every fuzz target defines and its driver (libFuzzer or replay.c) calls, once per input. Returns 0. A broken promise
 * aborts (g_assert); malformed input never does. Nothing may be remembered from one call to the next.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
