/* nvmlDeviceGetFieldValues: readings by number. The call succeeds; each row has a code of its own
   (NVML: Field Value Enums, Field Value Queries). */
#define _GNU_SOURCE
#include "library.h"

#include <time.h>

enum { TYPE_U32 = 1, TYPE_U64 = 3, ALL_LINKS = -1 };

static nvmlReturn_t u32(nvmlFieldValue_t *row, unsigned value)
{
    row->valueType = TYPE_U32;
    row->value.uiVal = value;
    return NVML_SUCCESS;
}

static nvmlReturn_t u64(nvmlFieldValue_t *row, uint64_t value)
{
    row->valueType = TYPE_U64;
    row->value.ullVal = value;
    return NVML_SUCCESS;
}

/* KiB over one link or all since the last reset: a tenth of the link's rate, payload 7/8 of what is on the wire.
   A link that is down is not left out: its past traffic must stay in a cumulative counter. */
static nvmlReturn_t link_traffic(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (gpu->model->links == 0) return NVML_ERROR_NOT_SUPPORTED;
    bool all = row->scopeId == (uint32_t)ALL_LINKS;
    if (!all && row->scopeId >= gpu->model->links) return NVML_ERROR_INVALID_ARGUMENT;
    double seconds = (double)(gpu->now - gpu->state.counting_since) / 1e9;
    double raw = seconds * gpu->model->link_mbps * 1e6 / 1024 / 10;
    bool payload = row->fieldId == 138 || row->fieldId == 139;
    double one = payload ? raw * 7 / 8 : raw;
    return u64(row, (uint64_t)one * (all ? gpu->model->links : 1));
}

static nvmlReturn_t link_property(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (gpu->model->links == 0) return NVML_ERROR_NOT_SUPPORTED;
    if (row->scopeId >= gpu->model->links) return NVML_ERROR_INVALID_ARGUMENT;
    bool up = (gpu->state.links_down >> row->scopeId & 1) == 0;
    return u32(row, row->fieldId == 165 ? up : up ? gpu->model->link_mbps : 0);
}

static nvmlReturn_t remapping(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (!gpu->model->hbm) return NVML_ERROR_NOT_SUPPORTED;
    const unsigned values[] = { gpu->state.remap_correctable, gpu->state.remap_uncorrectable,
                                gpu->state.remap_pending, gpu->state.remap_failed };
    return u32(row, values[row->fieldId - 142]);
}

static nvmlReturn_t field(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    const struct gpu_state *state = &gpu->state;
    if (row->fieldId > nvml_build.last_field) return NVML_ERROR_NOT_SUPPORTED;
    switch (row->fieldId) {
    case 3: return u64(row, state->ecc_volatile[0]);
    case 4: return u64(row, state->ecc_volatile[1]);
    case 5: return u64(row, state->ecc_aggregate[0]);
    case 6: return u64(row, state->ecc_aggregate[1]);
    case 82: /* memory temperature: a few degrees above the GPU's */
        if (!gpu->model->hbm) return NVML_ERROR_NOT_SUPPORTED;
        return u32(row, (unsigned)(sim_temperature(gpu->model, gpu->index, state, gpu->now) + 6));
    case 83: return u64(row, (uint64_t)sim_energy_mj(gpu->model, gpu->index, state, gpu->now));
    case 90: case 91:
        if (gpu->model->links == 0) return NVML_ERROR_NOT_SUPPORTED;
        return u32(row, row->fieldId == 90 ? gpu->model->link_mbps : gpu->model->links);
    case 94: return u32(row, 0); /* PCIe replays */
    case 138: case 139: case 140: case 141: return link_traffic(row, gpu);
    case 142: case 143: case 144: case 145: return remapping(row, gpu);
    case 164: case 165: return link_property(row, gpu);
    case 230: return u32(row, state->recovery);
    default: return NVML_ERROR_NOT_SUPPORTED;
    }
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
    }
    return NVML_SUCCESS;
}
