/* Reset and what is asked around it. A reset takes the whole group of chips, and the time that the scenario says. */
#include "dcmi_library.h"

enum { OUTBAND, INBAND };

/* With processes on any chip of the group nothing is reset. */
static bool group_is_busy(const struct npu_view *npu)
{
    bool busy = false;
    pthread_mutex_lock(&library.lock);
    const unsigned size = npu->model->reset_group, first = npu->slot / size * size;
    for (unsigned i = first; i < first + size && i < npu->units; i++) busy = busy || unit_processes(dcmi_unit(i)) > 0;
    library_unlock();
    return busy;
}

static int reset(const char *symbol, struct npu_id id, uint32_t channel)
{
    struct npu_view npu;
    ENTER_HOST(symbol, id, channel <= INBAND, &npu);
    if (channel == OUTBAND && npu.state.no_outband) return DCMI_NOT_SUPPORTED;
    if (group_is_busy(&npu)) return DCMI_OCCUPIED;
    if (npu.state.reset_fails || npu.state.hung) return DCMI_RESET_FAILED;
    return dcmi_command(npu.slot, "reset");
}
EXPORT_BOTH(dcmi_set_device_reset, dcmiv2_reset_device, reset, (uint32_t channel), (channel))

static int outband_channel(const char *symbol, struct npu_id id, int *state)
{
    struct npu_view npu;
    ENTER_HOST(symbol, id, state != NULL, &npu);
    *state = !npu.state.no_outband;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_outband_channel_state, dcmiv2_get_device_outband_channel_state, outband_channel, (int *state), (state))

/* By how much of the reset's time is over: not initialised, BIOS, OS, finished. The second generation counts further up to its end. */
static int boot_status(const char *symbol, struct npu_id id, uint32_t *status)
{
    enum { UNINIT, BIOS, SYSTEM, FINISHED, FINISHED_V2 = 16 };
    struct npu_view npu;
    ENTER_HOST(symbol, id, status != NULL, &npu);
    const int64_t left = npu.state.ready_at - npu.now, whole = npu.reset_latency;
    const uint32_t finished = id.card == BY_LOGIC_ID ? FINISHED_V2 : FINISHED;
    *status = npu.state.lost ? UNINIT : left <= 0 ? finished : left > whole / 3 * 2 ? UNINIT : left > whole / 3 ? BIOS : SYSTEM;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_boot_status, dcmiv2_get_device_boot_status, boot_status, (uint32_t *status), (status))

/* Before an out-of-band reset the host lets go of the device, and after it the device is found again. */
static int pre_reset(const char *symbol, struct npu_id id)
{
    struct npu_view npu;
    ENTER_HOST(symbol, id, true, &npu);
    return group_is_busy(&npu) ? DCMI_OCCUPIED : DCMI_OK;
}

static int rescan(const char *symbol, struct npu_id id)
{
    struct npu_view npu;
    ENTER_HOST(symbol, id, true, &npu);
    return DCMI_OK;
}

EXPORT int dcmi_pre_reset_soc(int card_id, int device_id) { return pre_reset(__func__, of_card(card_id, device_id)); }
EXPORT int dcmiv2_pre_reset_device(int dev_id) { return pre_reset(__func__, of_device(dev_id)); }
EXPORT int dcmi_rescan_soc(int card_id, int device_id) { return rescan(__func__, of_card(card_id, device_id)); }
EXPORT int dcmiv2_rescan_device(int dev_id) { return rescan(__func__, of_device(dev_id)); }
