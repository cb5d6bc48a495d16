/* Field values of NVLink 5 and later: 201 to 222, the FEC history, and the thresholds of low power (NVML: Field Value Enums). */
#include "field_row.h"

enum { REPLAY, RECOVERY, CRC };

/* A bit error rate as the header packs it: the value is mantissa x 10^-exponent. */
static uint64_t bit_error_rate(unsigned mantissa, unsigned exponent) { return (uint64_t)mantissa << 8 | exponent; }

/* A link with CRC errors has a rate that a health check should see; one without has the best that the word can say. */
static uint64_t rate_of(uint32_t errors) { return errors == 0 ? bit_error_rate(1, 15) : bit_error_rate(errors > 9 ? 9 : errors, errors > 1000 ? 6 : 9); }

nvmlReturn_t field_of_new_links(nvmlFieldValue_t *row, const struct gpu_view *gpu)
{
    unsigned id = row->fieldId;
    bool thresholds = id == 200 || (id >= 223 && id <= 225);
    if (!thresholds && !(id >= 201 && id <= 222) && !(id >= 235 && id <= 250)) return NVML_ERROR_NOT_SUPPORTED;
    if (gpu->model->links == 0) return NVML_ERROR_NOT_SUPPORTED;
    if (thresholds) {
        if (gpu->model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
        return u32(row, id == 200 ? 8191 : 1); /* highest, lowest, unit of 100 us, supported */
    }
    enum { FIFTH_GENERATION = 7 };
    if (gpu->model->link_version < FIFTH_GENERATION) return NVML_ERROR_NOT_SUPPORTED;
    if (row->scopeId >= gpu->model->links) return NVML_ERROR_INVALID_ARGUMENT;
    const uint32_t *errors = gpu->state.link_errors[row->scopeId];
    uint64_t bytes = link_kib(gpu, true) * 1024;
    switch (id) {
    case 201: case 203: return u64(row, bytes / 256); /* packets */
    case 202: case 204: return u64(row, bytes);
    case 208: return u64(row, errors[CRC]);
    case 211: return u64(row, errors[CRC]);           /* the link found them itself */
    case 213: case 215: return u64(row, errors[RECOVERY]); /* all recoveries went well */
    case 216: case 217: case 218: return u64(row, rate_of(errors[CRC]));
    case 219: case 221: return u64(row, errors[CRC] / 10); /* what error correction left */
    case 220: case 222: return u64(row, rate_of(errors[CRC] / 10));
    case 235: return u64(row, bytes / 128);           /* blocks without an error */
    case 236: return u64(row, errors[REPLAY]);        /* with one symbol corrected */
    default: return u64(row, 0);
    }
}
