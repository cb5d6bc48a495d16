/* Utilisation of the engines (NVML: Device Queries). A divided GPU tells none: what runs in it is told by GPM per instance. */
#include "library.h"

/* As ENTER_GPU, and 3 for a GPU that is divided. */
static nvmlReturn_t enter_whole(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter_gpu(symbol, device, arguments, gpu);
    return result == NVML_SUCCESS && gpu->state.mig.enabled ? NVML_ERROR_NOT_SUPPORTED : result;
}

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_whole, device, utilization != NULL, &gpu);
    utilization->gpu = lies(&gpu, LIES_ABSURD) ? 4096 : sim_utilization(gpu.slot, &gpu.state, gpu.now);
    utilization->memory = utilization->gpu / 2;
    return NVML_SUCCESS;
}

/* Nothing is encoded or decoded on a simulated node: 0 percent over the usual sampling period. */
static nvmlReturn_t idle_engine(const char *symbol, nvmlDevice_t device, unsigned *utilization, unsigned *period, bool exists)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_whole(symbol, device, utilization != NULL && period != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    if (!exists && gpu.model->architecture < ARCHITECTURE_AMPERE) return NVML_ERROR_NOT_SUPPORTED;
    *utilization = lies(&gpu, LIES_ABSURD) ? UINT32_MAX : 0;
    *period = 167000;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs, true);
}

EXPORT nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs, true);
}

EXPORT nvmlReturn_t nvmlDeviceGetJpgUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs, false);
}

EXPORT nvmlReturn_t nvmlDeviceGetOfaUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs, false);
}

enum { POWER_SAMPLE, GPU_SAMPLE, MEMORY_SAMPLE, PROCESSOR_CLOCK_SAMPLE = 5, MEMORY_CLOCK_SAMPLE, SAMPLE_TYPES = 10 };

static unsigned sample_at(const struct gpu_view *gpu, uint32_t type, int64_t at)
{
    unsigned busy = sim_utilization(gpu->slot, &gpu->state, at);
    switch (type) {
    case POWER_SAMPLE: return sim_power_mw(gpu->model, gpu->slot, &gpu->state, at);
    case GPU_SAMPLE: return busy;
    case MEMORY_SAMPLE: return busy / 2;
    case PROCESSOR_CLOCK_SAMPLE: return gpu->model->clock_graphics;
    case MEMORY_CLOCK_SAMPLE: return gpu->model->clock_memory;
    default: return 0;
    }
}

/* The driver's ring: one sample each 100 ms, the last 100 of them. */
EXPORT nvmlReturn_t nvmlDeviceGetSamples(nvmlDevice_t device, uint32_t type, uint64_t lastSeenTimeStamp, uint32_t *sampleValType,
                                         unsigned *sampleCount, nvmlSample_t *samples)
{
    enum { RING = 100, VALUE_U32 = 1 };
    const int64_t interval = 100000; /* us */
    struct gpu_view gpu;
    ENTER_GPU(device, sampleValType != NULL && sampleCount != NULL && type < SAMPLE_TYPES, &gpu);
    bool utilization = type >= GPU_SAMPLE && type <= 4;
    if ((utilization && gpu.state.mig.enabled) || type > MEMORY_CLOCK_SAMPLE) return NVML_ERROR_NOT_SUPPORTED;
    *sampleValType = VALUE_U32;
    if (samples == NULL) return *sampleCount = RING, NVML_SUCCESS;
    int64_t epoch = library.clock.epoch / 1000, last = (epoch + gpu.now / 1000) / interval;
    unsigned count = 0;
    for (int64_t at = last - RING + 1; at <= last && count < *sampleCount; at++)
        if ((uint64_t)(at * interval) > lastSeenTimeStamp)
            samples[count++] = (nvmlSample_t){ .timeStamp = (uint64_t)(at * interval),
                                               .sampleValue.uiVal = sample_at(&gpu, type, (at * interval - epoch) * 1000) };
    *sampleCount = count;
    return count > 0 ? NVML_SUCCESS : NVML_ERROR_NOT_FOUND;
}
