/* dcmi_get_device_info: one call for many structs, told by two numbers. A buffer that is too small is refused. */
#define _GNU_SOURCE
#include "dcmi_library.h"
#include "dcmi_parts.h"

#include <string.h>

static int give(void *buffer, uint32_t *size, const void *what, uint32_t length)
{
    if (*size < length) return DCMI_PARAMETER;
    memcpy(buffer, what, length);
    *size = length;
    return DCMI_OK;
}

/* A packet is 256 bytes. */
static uint64_t packets(const struct npu_view *npu, unsigned link) { return unit_link_bytes(npu->model, &npu->state, link, npu->now) / 256; }

static int hccs_statistics_u64(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    struct dcmi_hccs_statistic_info_u64 info = { 0 };
    for (unsigned link = 0; link < npu->model->links; link++) {
        info.tx_cnt[link] = info.rx_cnt[link] = packets(npu, link);
        info.crc_err_cnt[link] = npu->state.link_errors[link][0];
        info.retry_cnt[link] = npu->state.link_errors[link][1];
    }
    return give(buffer, size, &info, sizeof info);
}

/* The counters of the older struct wrap around. */
static int hccs_statistics(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    struct dcmi_hccs_statistic_info info = { 0 };
    for (unsigned link = 0; link < npu->model->links; link++) {
        info.tx_cnt[link] = info.rx_cnt[link] = (uint32_t)packets(npu, link);
        info.crc_err_cnt[link] = npu->state.link_errors[link][0];
        info.retry_cnt[link] = npu->state.link_errors[link][1];
    }
    return give(buffer, size, &info, sizeof info);
}

static int super_pod(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    const struct dcmi_spod_info info = { .sdid = 0x400000 + npu->slot, .scale_type = 1, .super_pod_id = 3, .server_id = 7 };
    return give(buffer, size, &info, sizeof info);
}

/* Errors between the two dies of a module. */
static int sio_errors(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    const struct dcmi_sio_crc_err_statistic_info info = { .tx_error_count = 0, .rx_error_count = (uint16_t)npu->state.link_errors[0][0] };
    return give(buffer, size, &info, sizeof info);
}

static int device_info(const char *symbol, struct npu_id id, uint32_t main_command, uint32_t sub_command, void *buffer, uint32_t *size)
{
    enum { CHIP = 12, HCCS = 16, VIRTUAL = 52, SIO = 56 };
    struct npu_view npu;
    ENTER_NPU(symbol, id, buffer != NULL && size != NULL, &npu);
    if (main_command > UINT8_MAX || sub_command > UINT8_MAX) return DCMI_NOT_SUPPORTED;
    const bool two_dies = npu.model->chips_per_card == 2 && npu.model->roce;
    switch (main_command << 8 | sub_command) {
    case CHIP << 8 | 1: return two_dies ? super_pod(&npu, buffer, size) : DCMI_NOT_SUPPORTED;
    case HCCS << 8 | 3: return npu.model->links > 0 ? hccs_statistics(&npu, buffer, size) : DCMI_NOT_SUPPORTED;
    case HCCS << 8 | 5: return npu.model->links > 0 && !npu.model->old ? hccs_statistics_u64(&npu, buffer, size) : DCMI_NOT_SUPPORTED;
    case SIO << 8 | 0: return two_dies ? sio_errors(&npu, buffer, size) : DCMI_NOT_SUPPORTED;
    case VIRTUAL << 8 | 0: return dcmi_part_query(&npu, buffer, size, false);
    case VIRTUAL << 8 | 1: return dcmi_part_totals(&npu, buffer, size);
    case VIRTUAL << 8 | 2: return dcmi_part_free(&npu, buffer, size);
    case VIRTUAL << 8 | 5: return dcmi_part_query(&npu, buffer, size, true);
    default: return DCMI_NOT_SUPPORTED;
    }
}
EXPORT_BOTH(dcmi_get_device_info, dcmiv2_get_device_info, device_info,
            (uint32_t main_command, uint32_t sub_command, void *buffer, uint32_t *size), (main_command, sub_command, buffer, size))
