/* Settings of a board, which a simulated one takes from its scenario alone: what is set already succeeds, any change answers 4
   as to a caller that is not root. */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceSetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t mode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, mode <= 1, &gpu);
    return mode == 1 ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

EXPORT nvmlReturn_t nvmlDeviceSetEccMode(nvmlDevice_t device, nvmlEnableState_t ecc)
{
    struct gpu_view gpu;
    ENTER_GPU(device, ecc <= 1, &gpu);
    return ecc == 1 ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

EXPORT nvmlReturn_t nvmlDeviceSetPowerManagementLimit(nvmlDevice_t device, unsigned limit)
{
    struct gpu_view gpu;
    ENTER_GPU(device, true, &gpu);
    if (limit < gpu.model->power_min * 1000 || limit > gpu.model->power_limit * 1000) return NVML_ERROR_INVALID_ARGUMENT;
    return limit == gpu.model->power_limit * 1000 ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

EXPORT nvmlReturn_t nvmlDeviceSetGpuLockedClocks(nvmlDevice_t device, unsigned minGpuClockMHz, unsigned maxGpuClockMHz)
{
    struct gpu_view gpu;
    ENTER_GPU(device, minGpuClockMHz <= maxGpuClockMHz, &gpu);
    return NVML_ERROR_NO_PERMISSION;
}

EXPORT nvmlReturn_t nvmlDeviceResetGpuLockedClocks(nvmlDevice_t device)
{
    struct gpu_view gpu;
    ENTER_GPU(device, true, &gpu);
    return NVML_SUCCESS;
}
