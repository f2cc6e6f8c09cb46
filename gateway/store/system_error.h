/*
 * What an errno means for the store.
 */
#pragma once

#include "sekisho/base/error.h"

/* FULL, READONLY or IO. */
StoreError system_error_code(int system_error);
