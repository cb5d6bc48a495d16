/* One row of nvmlDeviceGetFieldValues. */
#ifndef AIINFRA_NVML_FIELD_ROW_H
#define AIINFRA_NVML_FIELD_ROW_H

#include "library.h"

enum { TYPE_DOUBLE = 0, TYPE_U32 = 1, TYPE_U64 = 3, TYPE_I32 = 5 }; /* nvmlValueType_t */

static inline nvmlReturn_t u32(nvmlFieldValue_t *row, unsigned value)
{
    row->valueType = TYPE_U32;
    row->value.uiVal = value;
    return NVML_SUCCESS;
}

static inline nvmlReturn_t i32(nvmlFieldValue_t *row, int value)
{
    row->valueType = TYPE_I32;
    row->value.siVal = value;
    return NVML_SUCCESS;
}

static inline nvmlReturn_t u64(nvmlFieldValue_t *row, uint64_t value)
{
    row->valueType = TYPE_U64;
    row->value.ullVal = value;
    return NVML_SUCCESS;
}

/* Each knows some ids, and answers 3 to all others. */
nvmlReturn_t field_of_links(nvmlFieldValue_t *row, const struct gpu_view *gpu);
nvmlReturn_t field_of_new_links(nvmlFieldValue_t *row, const struct gpu_view *gpu); /* from the fifth generation on */
nvmlReturn_t field_of_power(nvmlFieldValue_t *row, const struct gpu_view *gpu);
nvmlReturn_t field_of_pcie(nvmlFieldValue_t *row, const struct gpu_view *gpu);

/* KiB over one link since the last reset; raw: with what is not payload. */
uint64_t link_kib(const struct gpu_view *gpu, bool raw);

#endif
