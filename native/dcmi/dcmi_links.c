/* HCCS links and PCI Express, as far as they are counted. A measurement takes the time that its caller names, in ms. */
#define _GNU_SOURCE
#include "dcmi_library.h"

#include <time.h>

enum { LONGEST = 10000 };

static void measure(int milliseconds)
{
    nanosleep(&(struct timespec){ .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L }, NULL);
}

/* MB/ms: lowest, highest, mean; sent and received posted, non-posted and completion traffic. */
static int pcie_bandwidth(const char *symbol, struct npu_id id, struct dcmi_pcie_link_bandwidth_info *info)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, info != NULL && info->profiling_time > 0 && info->profiling_time <= LONGEST, &npu);
    measure(info->profiling_time);
    const uint32_t busy = unit_utilization(npu.slot, &npu.state, npu.now);
    uint32_t *const rows[] = { info->tx_p_bw, info->tx_np_bw, info->tx_cpl_bw, info->tx_np_lantency, info->rx_p_bw, info->rx_np_bw, info->rx_cpl_bw };
    for (uint32_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        rows[row][0] = busy / 8 + row;
        rows[row][1] = busy / 3 + row;
        rows[row][2] = busy / 5 + row;
    }
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_pcie_link_bandwidth_info, dcmiv2_get_pcie_link_bandwidth_info, pcie_bandwidth, (struct dcmi_pcie_link_bandwidth_info *info), (info))

/* GB/s by link; a link that is down carries nothing. */
static int hccs_bandwidth(const char *symbol, struct npu_id id, struct dcmi_hccs_bandwidth_info *info)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, info != NULL && info->profiling_time > 0 && info->profiling_time <= LONGEST, &npu);
    if (npu.model->links == 0) return DCMI_NOT_SUPPORTED;
    measure(info->profiling_time);
    *info = (struct dcmi_hccs_bandwidth_info){ .profiling_time = info->profiling_time };
    for (unsigned link = 0; link < npu.model->links; link++) {
        if ((npu.state.links_down >> link & 1) != 0) continue;
        info->tx_bandwidth[link] = info->rx_bandwidth[link] = npu.model->link_mbps / 4000.0;
        info->total_txbw += info->tx_bandwidth[link];
        info->total_rxbw += info->rx_bandwidth[link];
    }
    return DCMI_OK;
}
EXPORT_V1(dcmi_get_hccs_link_bandwidth_info, hccs_bandwidth, (struct dcmi_hccs_bandwidth_info *info), (info))
