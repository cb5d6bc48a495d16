/* Compiled once per build of the library: the newest, one of the CUDA 11.0 time, and one that does not fit its kernel module. */
#include "library.h"

#if defined(BUILD_OLD)
const struct nvml_build nvml_build = { "450.51.06", 11000, NVML_SUCCESS, 160 };
#elif defined(BUILD_BROKEN)
const struct nvml_build nvml_build = { "570.124.06", 12080, NVML_ERROR_LIB_RM_VERSION_MISMATCH, 300 };
#else
const struct nvml_build nvml_build = { "570.124.06", 12080, NVML_SUCCESS, 300 };
#endif
