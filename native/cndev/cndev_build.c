/* Compiled once per build of the library: the newest, one of the time of version 5, one that lies, one without its driver. */
#include "cndev_library.h"

#if defined(BUILD_OLD)
const struct cndev_build cndev_build = { { 3, 4, 2 }, 5, CNDEV_SUCCESS, false };
#elif defined(BUILD_EMPTY)
const struct cndev_build cndev_build = { { 6, 2, 11 }, 6, CNDEV_SUCCESS, true };
#elif defined(BUILD_BROKEN)
const struct cndev_build cndev_build = { { 6, 2, 11 }, 6, CNDEV_ERROR_NO_DRIVER, false };
#else
const struct cndev_build cndev_build = { { 6, 2, 11 }, 6, CNDEV_SUCCESS, false };
#endif
