/* Compiled once per build of the library: the newest, one that lies, one without its driver. An old one and one with holes lack symbols. */
#include "levelzero_library.h"

#if defined(BUILD_EMPTY)
const struct levelzero_build levelzero_build = { ZE_SUCCESS, true };
#elif defined(BUILD_BROKEN)
const struct levelzero_build levelzero_build = { ZE_UNINITIALIZED, false };
#else
const struct levelzero_build levelzero_build = { ZE_SUCCESS, false };
#endif
