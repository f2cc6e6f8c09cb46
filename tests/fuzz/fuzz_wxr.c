/*
 * Exports of WordPress, on any bytes. Promises: import_promises.h.
 */
#include "fuzz.h"
#include "import_promises.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	check_import(bytes, size);
	return 0;
}
