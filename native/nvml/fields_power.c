/* Field values of energy, power scopes, temperature margins and lost time (NVML: Field Value Enums). */
#include "field_row.h"

/* A module holds its GPU and, on GB200, half a CPU; memory takes a fifth. */
static nvmlReturn_t power(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    enum { GPU, MODULE, MEMORY };
    const struct gpu_model *model = gpu->model;
    if (row->scopeId > 3) return NVML_ERROR_INVALID_ARGUMENT;
    if (row->scopeId > MEMORY || (row->scopeId != GPU && model->architecture < ARCHITECTURE_HOPPER)) return NVML_ERROR_NOT_SUPPORTED;
    if (row->scopeId == MODULE && model->c2c_links == 0) return NVML_ERROR_NOT_SUPPORTED;
    double part = row->scopeId == MODULE ? 1.3 : row->scopeId == MEMORY ? 0.2 : 1;
    switch (row->fieldId) {
    case 185: case 186: return u32(row, (unsigned)(part * sim_power_mw(model, gpu->slot, &gpu->state, gpu->now)));
    case 187: return u32(row, (unsigned)(part * model->power_min * 1000));
    default: return u32(row, (unsigned)(part * model->power_limit * 1000)); /* highest, default, current, requested */
    }
}

/* The points of shutdown, slowdown, memory and GPU at their highest, on the scale of T.Limit: 0 is the GPU's highest, hotter is below. */
static nvmlReturn_t margin(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    const struct gpu_model *model = gpu->model;
    if (model->architecture < ARCHITECTURE_ADA || (row->fieldId == 195 && model->memory_max_c == 0)) return NVML_ERROR_NOT_SUPPORTED;
    const unsigned points[] = { model->shutdown_c, model->slowdown_c, model->memory_max_c, model->gpu_max_c };
    return i32(row, (int)model->gpu_max_c - (int)points[row->fieldId - 193]);
}

/* Slowdown times; their numbers moved twice: 12.9 and 13.0 have 251 to 253, later headers 269 to 271. */
static nvmlReturn_t slowdown(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    unsigned first = gpu->driver_major >= 590 ? 269 : gpu->driver_major >= 575 ? 251 : 0;
    if (first == 0 || row->fieldId < first || row->fieldId > first + 2) return NVML_ERROR_NOT_SUPPORTED;
    static const unsigned bits[] = { 5, 6, 7 }; /* software thermal, hardware thermal, power brake */
    return u64(row, (uint64_t)sim_throttled(&gpu->state, bits[row->fieldId - first], gpu->now));
}

nvmlReturn_t field_of_power(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    static const uint32_t policies[] = { 0, 1, 2, 3, 4, 5, 10, 11 }; /* nvmlPerfPolicyType_t */
    unsigned id = row->fieldId;
    if (id >= 74 && id <= 81) return u64(row, (uint64_t)violation_ns(gpu, policies[id - 74]));
    if (id == 83 || id == 191) return u64(row, (uint64_t)sim_energy_mj(gpu->model, gpu->slot, &gpu->state, gpu->now));
    if ((id >= 185 && id <= 190) || id == 192) return power(row, gpu);
    if (id >= 193 && id <= 196) return margin(row, gpu);
    return slowdown(row, gpu);
}

nvmlReturn_t field_of_pcie(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    const uint64_t *errors = gpu->state.pcie_errors; /* replays, correctable, non-fatal, fatal */
    switch (row->fieldId) {
    case 94: return u32(row, (unsigned)errors[0]);
    case 95: case 169: return u32(row, 0); /* roll-overs, recoveries from L0 */
    case 173: return u32(row, (unsigned)errors[1]);
    case 179: return u32(row, (unsigned)errors[2]);
    case 180: return u32(row, (unsigned)errors[3]);
    case 174: case 177: return u32(row, (unsigned)errors[0]); /* a replay follows a NAK */
    case 175: case 176: case 178: case 181: case 182: case 183: return u32(row, 0);
    case 197: case 198:
        if (gpu->model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
        return u64(row, pcie_bytes(gpu, row->fieldId == 198));
    default: return NVML_ERROR_NOT_SUPPORTED;
    }
}
