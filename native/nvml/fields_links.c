/* Field values of NVLink and C2C (NVML: Field Value Enums). */
#include "field_row.h"

static const uint32_t all_links = UINT32_MAX;

enum { REPLAY, RECOVERY, CRC };

/* A tenth of the link's rate, payload 7/8 of what is on the wire. A link that is down is not left out: its past traffic must stay
   in a cumulative counter. */
uint64_t link_kib(const struct gpu_view *gpu, bool raw)
{
    double seconds = (double)(gpu->now - gpu->state.counting_since) / 1e9;
    double wire = seconds * gpu->model->link_mbps * 1e6 / 1024 / 10;
    return (uint64_t)(raw ? wire : wire * 7 / 8);
}

static nvmlReturn_t traffic(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    bool all = row->scopeId == all_links;
    if (!all && row->scopeId >= gpu->model->links) return NVML_ERROR_INVALID_ARGUMENT;
    return u64(row, link_kib(gpu, row->fieldId >= 140) * (all ? gpu->model->links : 1));
}

static uint64_t total(const struct gpu_view *gpu, unsigned kind)
{
    uint64_t sum = 0;
    for (unsigned link = 0; link < gpu->model->links; link++) sum += gpu->state.link_errors[link][kind];
    return sum;
}

/* The old ids name the link themselves: six from `first` on and their total, six more from `later` on. */
static nvmlReturn_t old_counter(nvmlFieldValue_t *row, const struct gpu_view *gpu, unsigned first, unsigned later, int kind)
{
    unsigned id = row->fieldId, link = id >= later ? id - later + 6 : id - first;
    if (id == first + 6) return u64(row, kind < 0 ? 0 : total(gpu, (unsigned)kind));
    if (link >= gpu->model->links) return NVML_ERROR_NOT_SUPPORTED;
    return u64(row, kind < 0 ? 0 : gpu->state.link_errors[link][kind]);
}

static bool within(unsigned id, unsigned first, unsigned count) { return id >= first && id < first + count; }

static nvmlReturn_t old_ids(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    unsigned id = row->fieldId;
    if (within(id, 32, 7) || within(id, 96, 6)) return old_counter(row, gpu, 32, 96, CRC);
    if (within(id, 39, 7) || within(id, 102, 6)) return old_counter(row, gpu, 39, 102, -1); /* data CRC: of NVLink 1 and 2 */
    if (within(id, 46, 7) || within(id, 108, 6)) return old_counter(row, gpu, 46, 108, REPLAY);
    if (within(id, 53, 7) || within(id, 114, 6)) return old_counter(row, gpu, 53, 114, RECOVERY);
    if (within(id, 148, 12)) return id - 148 < gpu->model->links ? u64(row, 0) : NVML_ERROR_NOT_SUPPORTED;
    if (within(id, 84, 6) || within(id, 132, 6)) {
        unsigned link = id >= 132 ? id - 132 + 6 : id - 84;
        if (link >= gpu->model->links) return NVML_ERROR_NOT_SUPPORTED;
        return u32(row, (gpu->state.links_down >> link & 1) == 0 ? gpu->model->link_mbps : 0);
    }
    switch (id) {
    case 90: return u32(row, gpu->model->link_mbps);
    case 91: return u32(row, gpu->model->links);
    case 160: return u64(row, 0);
    default: return NVML_ERROR_NOT_SUPPORTED;
    }
}

/* The ids that take the link as scope. */
static nvmlReturn_t of_link(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (row->scopeId >= gpu->model->links) return NVML_ERROR_INVALID_ARGUMENT;
    const uint32_t *errors = gpu->state.link_errors[row->scopeId];
    bool up = (gpu->state.links_down >> row->scopeId & 1) == 0;
    switch (row->fieldId) {
    case 161: return u64(row, errors[REPLAY]);
    case 162: return u64(row, errors[RECOVERY]);
    case 163: return u64(row, errors[CRC]);
    case 164: return u32(row, up ? gpu->model->link_mbps : 0);
    case 165: return u32(row, up);
    case 166: return u32(row, lies(gpu, LIES_ENUM) ? 0x5aa5 : gpu->model->link_version);
    case 167: return u32(row, 0);   /* high speed */
    case 168: return u32(row, 100); /* of idleness, in units of 100 us, before low power */
    case 146: return u32(row, row->scopeId); /* the link's number at the other end */
    default: return NVML_ERROR_NOT_SUPPORTED;
    }
}

static nvmlReturn_t c2c(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    if (gpu->model->c2c_links == 0) return NVML_ERROR_NOT_SUPPORTED;
    if (row->fieldId == 170) return u32(row, gpu->model->c2c_links);
    if (row->scopeId >= gpu->model->c2c_links) return NVML_ERROR_INVALID_ARGUMENT;
    switch (row->fieldId) {
    case 171: return u32(row, 1);
    case 172: return u32(row, 90000); /* MB/s of a link, 450 GB/s in all */
    default: return u32(row, 0);      /* errors, replays, and high power */
    }
}

nvmlReturn_t field_of_links(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    unsigned id = row->fieldId;
    if (within(id, 170, 3) || within(id, 231, 4)) return c2c(row, gpu);
    if (gpu->model->links == 0) return NVML_ERROR_NOT_SUPPORTED;
    if (within(id, 138, 4)) return traffic(row, gpu);
    if (id == 147) return u32(row, gpu->node->switches > 0 || gpu->node->clique != 0 ? gpu->model->links : 0);
    if (id == 146 || within(id, 161, 8)) return of_link(row, gpu);
    return old_ids(row, gpu);
}
