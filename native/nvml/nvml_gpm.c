/* GPU Performance Monitoring, Hopper and newer (NVML: GPM Functions, GPM Metric Enums). A sample remembers a moment;
   a metric is the mean of its two moments, or the difference of what was counted up to them. */
#include "library.h"

#include <math.h>
#include <stdlib.h>

struct nvmlGpmSample_st {
    bool taken;
    unsigned slot, links, pcie_generation;
    uint32_t gi;
    int64_t at;          /* ns after the epoch */
    double busy;         /* percent */
    uint64_t link_mib;   /* of one link since the reset */
    uint64_t pcie[2];    /* bytes sent, received */
    bool absurd;
};

EXPORT nvmlReturn_t nvmlGpmQueryDeviceSupport(nvmlDevice_t device, nvmlGpmSupport_t *gpmSupport)
{
    struct gpu_view gpu;
    ENTER_GPU(device, gpmSupport != NULL, &gpu);
    CHECK_VERSION(&gpu, gpmSupport->version, 1); /* a plain number, without the size */
    gpmSupport->isSupportedDevice = gpu.model->architecture >= ARCHITECTURE_HOPPER;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleAlloc(nvmlGpmSample_t *gpmSample)
{
    nvmlReturn_t result = library_enter(__func__, gpmSample != NULL);
    if (result != NVML_SUCCESS) return result;
    *gpmSample = calloc(1, sizeof **gpmSample);
    if (*gpmSample == NULL) abort();
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleFree(nvmlGpmSample_t gpmSample)
{
    nvmlReturn_t result = library_enter(__func__, gpmSample != NULL);
    if (result == NVML_SUCCESS) free(gpmSample);
    return result;
}

static nvmlReturn_t take(const struct gpu_view *gpu, uint32_t gi, nvmlGpmSample_t sample)
{
    if (gpu->model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
    *sample = (struct nvmlGpmSample_st){
        .taken = true, .slot = gpu->slot, .links = gpu->model->links, .pcie_generation = gpu->model->pcie_generation, .gi = gi,
        .at = gpu->now, .busy = sim_utilization(gpu->slot, &gpu->state, gpu->now), .absurd = lies(gpu, LIES_ABSURD),
        .link_mib = (uint64_t)((double)(gpu->now - gpu->state.counting_since) / 1e9 * gpu->model->link_mbps * 1e6 / 1048576 / 10),
        .pcie = { pcie_bytes(gpu, false), pcie_bytes(gpu, true) },
    };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmSampleGet(nvmlDevice_t device, nvmlGpmSample_t gpmSample)
{
    struct gpu_view gpu;
    ENTER_ANY(device, gpmSample != NULL, &gpu);
    return take(&gpu, gpu.gi, gpmSample);
}

EXPORT nvmlReturn_t nvmlGpmMigSampleGet(nvmlDevice_t device, unsigned gpuInstanceId, nvmlGpmSample_t gpmSample)
{
    struct gpu_view gpu;
    ENTER_GPU(device, gpmSample != NULL, &gpu);
    if (!gpu.state.mig.enabled) return NVML_ERROR_NOT_SUPPORTED;
    if (gpuInstanceId >= MIG_INSTANCES || gpu.state.mig.instance[gpuInstanceId].profile == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    return take(&gpu, gpuInstanceId, gpmSample);
}

struct metric { const char *short_name, *long_name, *unit; double part; }; /* part of how busy the GPU is */

/* 1 to 13; the pipes of training in half precision: no FP64, little of the rest. */
static const struct metric activities[] = {
    { 0 }, { "GRAPHICS_UTIL", "Graphics engine active", "%", 1 }, { "SM_UTIL", "SM active", "%", 0.92 },
    { "SM_OCCUPANCY", "SM occupancy", "%", 0.45 }, { "INTEGER_UTIL", "Integer pipe active", "%", 0.12 },
    { "ANY_TENSOR_UTIL", "Tensor pipe active", "%", 0.48 }, { "DFMA_TENSOR_UTIL", "DFMA tensor pipe active", "%", 0 },
    { "HMMA_TENSOR_UTIL", "HMMA tensor pipe active", "%", 0.46 }, { "DMMA_TENSOR_UTIL", "DMMA tensor pipe active", "%", 0 },
    { "IMMA_TENSOR_UTIL", "IMMA tensor pipe active", "%", 0.02 }, { "DRAM_BW_UTIL", "DRAM bandwidth used", "%", 0.55 },
    { "FP64_UTIL", "FP64 pipe active", "%", 0 }, { "FP32_UTIL", "FP32 pipe active", "%", 0.2 }, { "FP16_UTIL", "FP16 pipe active", "%", 0.08 },
};
static const struct metric rates[] = {
    { "PCIE_TX_PER_SEC", "PCIe traffic sent", "MiB/s", 0 }, { "PCIE_RX_PER_SEC", "PCIe traffic received", "MiB/s", 0 },
    { "NVLINK_RX_PER_SEC", "NVLink traffic received", "MiB/s", 0 }, { "NVLINK_TX_PER_SEC", "NVLink traffic sent", "MiB/s", 0 },
};

/* MiB/s of a metric that is a rate; false: this is none that is simulated. */
static bool rate(unsigned id, nvmlGpmSample_t older, nvmlGpmSample_t newer, double seconds, double *value, const struct metric **names)
{
    double link = (double)(newer->link_mib - older->link_mib) / seconds;
    if (id == 20 || id == 21) {
        *names = &rates[id - 20];
        *value = (double)(newer->pcie[id - 20] - older->pcie[id - 20]) / 1048576 / seconds;
        return true;
    }
    bool all = id == 60 || id == 61; /* received comes first */
    if (newer->links == 0 || newer->gi != UINT32_MAX || (!all && (id < 62 || (id - 62) / 2 >= newer->links || id > 97))) return false;
    *names = &rates[2 + id % 2];
    *value = all ? link * newer->links : link;
    return true;
}

static nvmlReturn_t answer(nvmlGpmMetric_t *row, nvmlGpmSample_t older, nvmlGpmSample_t newer)
{
    const struct metric *names = NULL;
    double seconds = (double)(newer->at - older->at) / 1e9;
    row->value = 0;
    if (row->metricId == 0 || row->metricId > 332) return NVML_ERROR_INVALID_ARGUMENT;
    if (row->metricId < sizeof activities / sizeof activities[0]) {
        names = &activities[row->metricId];
        row->value = (older->busy + newer->busy) / 2 * names->part;
    } else if (!rate(row->metricId, older, newer, seconds, &row->value, &names)) return NVML_ERROR_NOT_SUPPORTED;
    if (newer->absurd) row->value = row->metricId % 2 != 0 ? NAN : 1e300;
    row->metricInfo.shortName = (char *)names->short_name; /* the library's; a caller frees nothing */
    row->metricInfo.longName = (char *)names->long_name;
    row->metricInfo.unit = (char *)names->unit;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpmMetricsGet(nvmlGpmMetricsGet_t *metricsGet)
{
    nvmlReturn_t result = library_enter(__func__, metricsGet != NULL);
    if (result != NVML_SUCCESS) return result;
    if (metricsGet->version != 1) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    nvmlGpmSample_t older = metricsGet->sample1, newer = metricsGet->sample2;
    if (older == NULL || newer == NULL || metricsGet->numMetrics > 333) return NVML_ERROR_INVALID_ARGUMENT;
    if (!older->taken || !newer->taken || older->slot != newer->slot || older->gi != newer->gi || older->at >= newer->at)
        return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < metricsGet->numMetrics; i++) metricsGet->metrics[i].nvmlReturn = answer(&metricsGet->metrics[i], older, newer);
    return NVML_SUCCESS;
}
