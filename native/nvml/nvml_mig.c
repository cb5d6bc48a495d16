/* MIG devices: a compute instance with the GPU instance around it, as applications see it (NVML: Multi Instance GPU Management). */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *currentMode, unsigned *pendingMode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, currentMode != NULL && pendingMode != NULL, &gpu);
    if (gpu.model->mig == NULL) return NVML_ERROR_NOT_SUPPORTED;
    *currentMode = lies(&gpu, LIES_ENUM) ? 0x5aa5 : gpu.state.mig.enabled;
    *pendingMode = gpu.state.mig.pending;
    return NVML_SUCCESS;
}

/* The call succeeds and says in activationStatus why the mode is not the current one yet. */
EXPORT nvmlReturn_t nvmlDeviceSetMigMode(nvmlDevice_t device, unsigned mode, nvmlReturn_t *activationStatus)
{
    struct gpu_view gpu;
    ENTER_GPU(device, activationStatus != NULL && mode <= 1, &gpu);
    if (gpu.model->mig == NULL) return NVML_ERROR_NOT_SUPPORTED;
    *activationStatus = NVML_SUCCESS;
    if (gpu.state.mig.enabled == (mode != 0) && gpu.state.mig.pending == (mode != 0)) return NVML_SUCCESS;
    if (sim_process_count(&gpu.state) > 0) return *activationStatus = NVML_ERROR_IN_USE, NVML_SUCCESS;
    nvmlReturn_t result = library_command("gpu %u mig-mode %u", gpu.slot, mode);
    if (result == NVML_SUCCESS && gpu.model->architecture == ARCHITECTURE_AMPERE) *activationStatus = NVML_ERROR_RESET_REQUIRED;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    struct gpu_view gpu;
    ENTER_GPU(device, count != NULL, &gpu);
    *count = gpu.state.mig.enabled ? MIG_SLICES : 0; /* 0 too where MIG is not supported */
    return NVML_SUCCESS;
}

/* Every device keeps its place while others come and go: the lowest slice that it has. So there are holes. */
EXPORT nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index, nvmlDevice_t *migDevice)
{
    struct gpu_view gpu;
    ENTER_GPU(device, migDevice != NULL, &gpu);
    if (gpu.model->mig == NULL) return NVML_ERROR_NOT_SUPPORTED;
    if (!gpu.state.mig.enabled) return NVML_ERROR_NOT_FOUND;
    if (index >= MIG_SLICES) return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned gi = 0; gi < MIG_INSTANCES; gi++)
        for (unsigned ci = 0; ci < MIG_SLICES; ci++) {
            const struct mig_instance *instance = &gpu.state.mig.instance[gi];
            if (!mig_has_compute(&gpu.state.mig, gi, ci) || instance->start + instance->compute[ci].start != index) continue;
            *migDevice = library_mig_handle(gpu.slot, gi, ci);
            return NVML_SUCCESS;
        }
    return NVML_ERROR_NOT_FOUND;
}

EXPORT nvmlReturn_t nvmlDeviceIsMigDeviceHandle(nvmlDevice_t device, unsigned *isMigDevice)
{
    struct gpu_view gpu;
    ENTER_ANY(device, isMigDevice != NULL, &gpu);
    *isMigDevice = gpu.gi != UINT32_MAX;
    return NVML_SUCCESS;
}

/* For the functions of MIG devices: 2 for the handle of a whole GPU. */
static nvmlReturn_t enter_mig(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter_any(symbol, device, arguments, gpu);
    return result == NVML_SUCCESS && gpu->gi == UINT32_MAX ? NVML_ERROR_INVALID_ARGUMENT : result;
}

EXPORT nvmlReturn_t nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvmlDevice_t migDevice, nvmlDevice_t *device)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_mig, migDevice, device != NULL, &gpu);
    *device = library_handle(gpu.slot);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceId(nvmlDevice_t device, unsigned *id)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_mig, device, id != NULL, &gpu);
    *id = gpu.gi;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeInstanceId(nvmlDevice_t device, unsigned *id)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_mig, device, id != NULL, &gpu);
    *id = gpu.ci;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t *attributes)
{
    struct gpu_view gpu;
    ENTER_ANY(device, attributes != NULL, &gpu);
    if (gpu.gi == UINT32_MAX) return NVML_ERROR_NOT_SUPPORTED;
    const struct mig_instance *instance = &gpu.state.mig.instance[gpu.gi];
    const struct mig_profile *profile = instance->profile;
    unsigned slices = instance->compute[gpu.ci].slices;
    *attributes = (nvmlDeviceAttributes_t){
        .multiprocessorCount = profile->processors / profile->slices * slices, .sharedCopyEngineCount = profile->copies,
        .sharedDecoderCount = profile->decoders, .sharedJpegCount = profile->jpegs, .sharedOfaCount = profile->ofas,
        .gpuInstanceSliceCount = profile->slices, .computeInstanceSliceCount = slices, .memorySizeMB = profile->memory_mb,
    };
    return NVML_SUCCESS;
}
