/* MPM: metrics between two samples of a card. */
#define _GNU_SOURCE
#include "cndev_library.h"

#include <stdlib.h>

enum { IPU_UTIL = 1, MLU_UTIL, TENSOR_UTIL, PCIE_TX = 20, PCIE_RX, LINKS_TX = 60, LINKS_RX, FIRST_LINK, LAST = 97, VERSION = 1 };

struct cndevMpmSample_st {
    unsigned slot;
    int64_t at; /* -1: not taken yet */
    uint64_t link_bytes[UNIT_LINKS];
    unsigned busy, links, pcie_mbps;
};

EXPORT cndevRet_t cndevMpmQueryDeviceSupport(cndevDevice_t device, bool *supported)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, supported != NULL, &mlu);
    *supported = !mlu.model->old;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevMpmSampleAlloc(cndevMpmSample_t *sample)
{
    cndevRet_t result = cndev_enter(__func__, sample != NULL);
    if (result != CNDEV_SUCCESS) return result;
    *sample = calloc(1, sizeof **sample);
    if (*sample == NULL) return CNDEV_ERROR_MALLOC;
    (*sample)->at = -1;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevMpmSampleFree(cndevMpmSample_t sample)
{
    if (sample == NULL) return CNDEV_ERROR_INVALID_ARGUMENT;
    free(sample);
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevMpmSampleGet(cndevMpmSample_t sample, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, sample != NULL, &mlu);
    if (mlu.model->old) return CNDEV_ERROR_NOT_SUPPORTED;
    *sample = (struct cndevMpmSample_st){ .slot = mlu.slot, .at = mlu.now, .busy = unit_utilization(mlu.slot, &mlu.state, mlu.now),
                                          .links = mlu.model->links, .pcie_mbps = mlu.model->pcie_generation * 1000 };
    for (unsigned link = 0; link < mlu.model->links; link++) sample->link_bytes[link] = unit_link_bytes(mlu.model, &mlu.state, link, mlu.now);
    return CNDEV_SUCCESS;
}

static double link_rate(const struct cndevMpmSample_st *one, const struct cndevMpmSample_st *other, unsigned link)
{
    return (double)(other->link_bytes[link] - one->link_bytes[link]) / ((double)(other->at - one->at) / 1e9);
}

static cndevRet_t metric(const struct cndevMpmSample_st *one, const struct cndevMpmSample_st *other, cndevMpmMetric_t *out)
{
    const double busy = (one->busy + other->busy) / 2.0;
    const unsigned id = out->metricId;
    out->value = 0;
    switch (id) {
    case IPU_UTIL: case MLU_UTIL: out->value = busy; return CNDEV_SUCCESS;
    case TENSOR_UTIL: out->value = busy / 2; return CNDEV_SUCCESS;
    case PCIE_TX: case PCIE_RX: out->value = one->pcie_mbps * 1e6 * (id == PCIE_TX ? 0.1 : 0.2); return CNDEV_SUCCESS;
    case LINKS_TX: case LINKS_RX:
        for (unsigned link = 0; link < one->links; link++) out->value += link_rate(one, other, link);
        return CNDEV_SUCCESS;
    default:
        if (id < FIRST_LINK || id > LAST) return CNDEV_ERROR_INVALID_ARGUMENT;
        if ((id - FIRST_LINK) / 2 >= one->links) return CNDEV_ERROR_NOT_SUPPORTED;
        out->value = link_rate(one, other, (id - FIRST_LINK) / 2);
        return CNDEV_SUCCESS;
    }
}

EXPORT cndevRet_t cndevMpmMetricsGet(cndevMpmMetricsGet_t *get)
{
    cndevRet_t result = cndev_enter(__func__, get != NULL);
    if (result != CNDEV_SUCCESS) return result;
    if (get->version != VERSION) return CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    const struct cndevMpmSample_st *one = get->sample1, *other = get->sample2;
    if (one == NULL || other == NULL || one->at < 0 || other->at <= one->at || one->slot != other->slot) return CNDEV_ERROR_INVALID_ARGUMENT;
    if (get->numMetrics > sizeof get->metrics / sizeof get->metrics[0]) return CNDEV_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < get->numMetrics; i++) get->metrics[i].ret = metric(one, other, &get->metrics[i]);
    return CNDEV_SUCCESS;
}
