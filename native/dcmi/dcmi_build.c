/* Compiled once per build of the library. */
#include "dcmi_library.h"

#if defined(BUILD_OLD)
const struct dcmi_build dcmi_build = { "21.0.4", "21.0.4", DCMI_OK, false };
#elif defined(BUILD_EMPTY)
const struct dcmi_build dcmi_build = { "24.1.rc3", "24.1.0", DCMI_OK, true };
#elif defined(BUILD_BROKEN)
const struct dcmi_build dcmi_build = { "24.1.rc3", "24.1.0", DCMI_INTERNAL, false };
#else
const struct dcmi_build dcmi_build = { "24.1.rc3", "24.1.0", DCMI_OK, false };
#endif
