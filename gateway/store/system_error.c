/*
 * What the operating system said, as a code of ours; asked by the database driver and by the spool. No state.
 */
#include "system_error.h"

#include <errno.h>

StoreError
system_error_code(int system_error)
{
	switch (system_error) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return STORE_ERROR_FULL;
	case EROFS:
	case EACCES:
	case EPERM:
		return STORE_ERROR_READONLY;
	default:
		return STORE_ERROR_IO;
	}
}
