/* nvmlDeviceGetFieldValues: readings by number. The call succeeds; each row has a code of its own
   (NVML: Field Value Enums, Field Value Queries). */
#define _GNU_SOURCE
#include "field_row.h"

#include <time.h>

static nvmlReturn_t remapping(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (mig_instances(&gpu->state.mig) > 0) return NVML_ERROR_NOT_SUPPORTED;
    const unsigned values[] = { gpu->state.remap_correctable, gpu->state.remap_uncorrectable,
                                gpu->state.remap_pending, gpu->state.remap_failed };
    return u32(row, values[row->fieldId - 142]);
}

/* 7 to 17 are volatile, 18 to 28 aggregate: corrected and uncorrected of L1, L2, device memory, register file and texture,
   then what only CBU has. */
static nvmlReturn_t ecc_by_place(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    unsigned counter = row->fieldId >= 18, at = row->fieldId - (counter != 0 ? 18 : 7);
    static const unsigned locations[] = { 0, 1, 2, 3, 4, 6 }; /* nvmlMemoryLocation_t */
    enum { TEXTURE = 4, CBU = 10 };
    if (at / 2 == TEXTURE) return NVML_ERROR_NOT_SUPPORTED;
    return u64(row, ecc_at(gpu, at == CBU ? 1 : at % 2, counter, locations[at / 2]));
}

static nvmlReturn_t field(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    const struct gpu_state *state = &gpu->state;
    unsigned id = row->fieldId;
    if (id > nvml_build.last_field) return NVML_ERROR_NOT_SUPPORTED;
    if (id >= 7 && id <= 28) return ecc_by_place(row, gpu);
    if (id >= 142 && id <= 145) return remapping(row, gpu);
    switch (id) {
    case 1: case 2: return u32(row, 1); /* ECC mode, current and pending */
    case 3: return u64(row, state->ecc_volatile[0]);
    case 4: return u64(row, state->ecc_volatile[1]);
    case 5: return u64(row, state->ecc_aggregate[0]);
    case 6: return u64(row, state->ecc_aggregate[1]);
    case 82: /* memory temperature: a few degrees above the GPU's */
        if (!gpu->model->hbm) return NVML_ERROR_NOT_SUPPORTED;
        return u32(row, (unsigned)(sim_temperature(gpu->model, gpu->slot, state, gpu->now) + 6));
    case 184: return gpu->model->mig == NULL ? NVML_ERROR_NOT_SUPPORTED : u32(row, gpu->model->architecture >= ARCHITECTURE_HOPPER);
    case 199: return gpu->model->mig == NULL ? NVML_ERROR_NOT_SUPPORTED : u32(row, 1);
    case 226: return u32(row, state->recovery == 1 || state->needs_reset); /* a reset is needed */
    case 227: return u32(row, state->recovery == 4);                       /* after draining */
    case 230: return u32(row, lies(gpu, LIES_ENUM) ? 0x5aa5 : state->recovery);
    default: break;
    }
    nvmlReturn_t (*const others[])(nvmlFieldValue_t *, const struct gpu_view *) = { field_of_links, field_of_new_links, field_of_power, field_of_pcie };
    nvmlReturn_t result = NVML_ERROR_NOT_SUPPORTED;
    for (size_t i = 0; i < sizeof others / sizeof others[0] && result == NVML_ERROR_NOT_SUPPORTED; i++) result = others[i](row, gpu);
    return result;
}

static void lie(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (lies(gpu, LIES_ENUM)) row->valueType = 99;
    if (lies(gpu, LIES_ABSURD)) row->value.ullVal = UINT64_MAX - 1;
}

EXPORT nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int valuesCount, nvmlFieldValue_t *values)
{
    struct gpu_view gpu;
    ENTER_GPU(device, values != NULL && valuesCount > 0, &gpu);
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    for (int i = 0; i < valuesCount; i++) {
        values[i].timestamp = (int64_t)wall.tv_sec * 1000000 + wall.tv_nsec / 1000;
        values[i].latencyUsec = 0;
        values[i].nvmlReturn = field(&values[i], &gpu);
        if (values[i].nvmlReturn == NVML_SUCCESS) lie(&values[i], &gpu);
    }
    return NVML_SUCCESS;
}
