/* Utilisation, clocks, power and temperature (NVML: Device Queries). */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *utilization)
{
    struct gpu_view gpu;
    ENTER_GPU(device, utilization != NULL, &gpu);
    utilization->gpu = sim_utilization(gpu.index, &gpu.state, gpu.now);
    utilization->memory = utilization->gpu / 2;
    return NVML_SUCCESS;
}

/* Nothing is encoded or decoded on a simulated node: 0 percent over the usual sampling period. */
static nvmlReturn_t idle_engine(const char *symbol, nvmlDevice_t device, unsigned *utilization, unsigned *period)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_gpu(symbol, device, utilization != NULL && period != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    *utilization = 0;
    *period = 167000;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEncoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs);
}

EXPORT nvmlReturn_t nvmlDeviceGetDecoderUtilization(nvmlDevice_t device, unsigned *utilization, unsigned *samplingPeriodUs)
{
    return idle_engine(__func__, device, utilization, samplingPeriodUs);
}

/* MHz by nvmlClockType_t: graphics, SM, memory, video. 0: no such clock. */
static unsigned max_clock(const struct node_model *model, uint32_t type)
{
    const unsigned clocks[] = { model->clock_graphics, model->clock_graphics, model->clock_memory, model->clock_video };
    return type < sizeof clocks / sizeof clocks[0] ? clocks[type] : 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, uint32_t type, unsigned *clock)
{
    struct gpu_view gpu;
    ENTER_GPU(device, clock != NULL, &gpu);
    unsigned highest = max_clock(gpu.model, type);
    if (highest == 0) return NVML_ERROR_INVALID_ARGUMENT;
    *clock = highest;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, uint32_t type, unsigned *clock)
{
    struct gpu_view gpu;
    ENTER_GPU(device, clock != NULL, &gpu);
    unsigned highest = max_clock(gpu.model, type);
    if (highest == 0) return NVML_ERROR_INVALID_ARGUMENT;
    enum { MEMORY = 2 };
    unsigned busy = sim_utilization(gpu.index, &gpu.state, gpu.now);
    unsigned usual = type == MEMORY || busy > 0 ? highest : highest / 6;
    const uint64_t slowing = 0x4 | 0x8 | 0x20 | 0x40 | 0x80; /* clock-event reasons: caps, slowdowns, brake */
    *clock = (gpu.state.throttle & slowing) != 0 && type != MEMORY ? usual / 2 : usual;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t device, uint32_t *pState)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pState != NULL, &gpu);
    *pState = 0; /* data centre boards with persistence mode stay in P0 */
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t *mode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, mode != NULL, &gpu);
    *mode = 1;
    return NVML_SUCCESS;
}

static nvmlReturn_t clock_reasons(const char *symbol, nvmlDevice_t device, uint64_t *reasons)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_gpu(symbol, device, reasons != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    enum { IDLE = 1 };
    bool idle = gpu.state.throttle == 0 && sim_utilization(gpu.index, &gpu.state, gpu.now) == 0;
    *reasons = idle ? IDLE : gpu.state.throttle;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, uint64_t *clocksEventReasons)
{
    return clock_reasons(__func__, device, clocksEventReasons);
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, uint64_t *clocksThrottleReasons)
{
    return clock_reasons(__func__, device, clocksThrottleReasons);
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, milliwatts != NULL, &gpu);
    *milliwatts = sim_power_mw(gpu.model, gpu.index, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, milliwatts != NULL, &gpu);
    *milliwatts = gpu.model->power_limit * 1000;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, milliwatts != NULL, &gpu);
    *milliwatts = gpu.model->power_limit * 1000;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, uint64_t *millijoules)
{
    struct gpu_view gpu;
    ENTER_GPU(device, millijoules != NULL, &gpu);
    *millijoules = (uint64_t)sim_energy_mj(gpu.model, gpu.index, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, uint32_t sensorType, unsigned *temp)
{
    struct gpu_view gpu;
    ENTER_GPU(device, temp != NULL && sensorType == 0, &gpu);
    *temp = (unsigned)sim_temperature(gpu.model, gpu.index, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *temperature)
{
    struct gpu_view gpu;
    ENTER_GPU(device, temperature != NULL, &gpu);
    if (temperature->version != VERSION_WORD(nvmlTemperature_v1_t, 1)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    if (temperature->sensorType != 0) return NVML_ERROR_INVALID_ARGUMENT;
    temperature->temperature = sim_temperature(gpu.model, gpu.index, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureThreshold(nvmlDevice_t device, uint32_t thresholdType, unsigned *temp)
{
    struct gpu_view gpu;
    ENTER_GPU(device, temp != NULL && thresholdType <= 8, &gpu);
    const unsigned thresholds[] = { gpu.model->shutdown_c, gpu.model->slowdown_c, gpu.model->memory_max_c, gpu.model->gpu_max_c };
    /* 4 to 8 are acoustic and GPS thresholds, which boards without fans do not have. */
    if (thresholdType >= 4 || thresholds[thresholdType] == 0) return NVML_ERROR_NOT_SUPPORTED;
    *temp = thresholds[thresholdType];
    return NVML_SUCCESS;
}
