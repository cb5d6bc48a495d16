/* Power, energy, temperature and fans (NVML: Device Queries). */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, milliwatts != NULL, &gpu);
    *milliwatts = lies(&gpu, LIES_ABSURD) ? UINT32_MAX : sim_power_mw(gpu.model, gpu.slot, &gpu.state, gpu.now);
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
    *millijoules = lies(&gpu, LIES_ABSURD) ? UINT64_MAX : (uint64_t)sim_energy_mj(gpu.model, gpu.slot, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperature(nvmlDevice_t device, uint32_t sensorType, unsigned *temp)
{
    struct gpu_view gpu;
    ENTER_GPU(device, temp != NULL && sensorType == 0, &gpu);
    *temp = lies(&gpu, LIES_ABSURD) ? 0x7fffffff : (unsigned)sim_temperature(gpu.model, gpu.slot, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTemperatureV(nvmlDevice_t device, nvmlTemperature_v1_t *temperature)
{
    struct gpu_view gpu;
    ENTER_GPU(device, temperature != NULL, &gpu);
    CHECK_VERSION(&gpu, temperature->version, VERSION_WORD(nvmlTemperature_v1_t, 1));
    if (temperature->sensorType != 0) return NVML_ERROR_INVALID_ARGUMENT;
    temperature->temperature = lies(&gpu, LIES_ABSURD) ? -300 : sim_temperature(gpu.model, gpu.slot, &gpu.state, gpu.now);
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

EXPORT nvmlReturn_t nvmlDeviceGetMarginTemperature(nvmlDevice_t device, nvmlMarginTemperature_v1_t *margin)
{
    struct gpu_view gpu;
    ENTER_GPU(device, margin != NULL, &gpu);
    CHECK_VERSION(&gpu, margin->version, VERSION_WORD(nvmlMarginTemperature_v1_t, 1));
    if (gpu.model->architecture < ARCHITECTURE_ADA) return NVML_ERROR_NOT_SUPPORTED;
    margin->marginTemperature = lies(&gpu, LIES_ABSURD) ? INT32_MIN
                              : (int)gpu.model->slowdown_c - sim_temperature(gpu.model, gpu.slot, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementDefaultLimit(nvmlDevice_t device, unsigned *milliwatts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, milliwatts != NULL, &gpu);
    *milliwatts = gpu.model->power_limit * 1000;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPowerManagementLimitConstraints(nvmlDevice_t device, unsigned *minLimit, unsigned *maxLimit)
{
    struct gpu_view gpu;
    ENTER_GPU(device, minLimit != NULL && maxLimit != NULL, &gpu);
    *minLimit = gpu.model->power_min * 1000;
    *maxLimit = gpu.model->power_limit * 1000;
    return NVML_SUCCESS;
}

/* All simulated boards are passive: the chassis cools them. */
EXPORT nvmlReturn_t nvmlDeviceGetNumFans(nvmlDevice_t device, unsigned *numFans)
{
    struct gpu_view gpu;
    ENTER_GPU(device, numFans != NULL, &gpu);
    *numFans = 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetFanSpeed_v2(nvmlDevice_t device, unsigned fan, unsigned *speed)
{
    struct gpu_view gpu;
    (void)fan;
    ENTER_GPU(device, speed != NULL, &gpu);
    if (!lies(&gpu, LIES_ABSURD)) return NVML_ERROR_NOT_SUPPORTED;
    *speed = 65535;
    return NVML_SUCCESS;
}
