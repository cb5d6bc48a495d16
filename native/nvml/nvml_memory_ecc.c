/* Memory, its errors and its repair; what runs in it and how it is divided (NVML: Device Queries, Multi Instance GPU). */
#include "library.h"

/* Work takes memory in proportion to utilisation, in steps of 1 MiB. */
static uint64_t used_by_work(const struct gpu_view *gpu)
{
    uint64_t free_when_idle = gpu->model->memory_bytes - gpu->model->reserved_bytes;
    return free_when_idle / 100 * sim_utilization(gpu->index, &gpu->state, gpu->now) * 9 / 10 >> 20 << 20;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    struct gpu_view gpu;
    ENTER_GPU(device, memory != NULL, &gpu);
    uint64_t used = gpu.model->reserved_bytes + used_by_work(&gpu); /* the first layout counts reserved memory as used */
    *memory = (nvmlMemory_t){ .total = gpu.model->memory_bytes, .free = gpu.model->memory_bytes - used, .used = used };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    struct gpu_view gpu;
    ENTER_GPU(device, memory != NULL, &gpu);
    if (memory->version != VERSION_WORD(nvmlMemory_v2_t, 2)) return NVML_ERROR_ARGUMENT_VERSION_MISMATCH;
    memory->total = gpu.model->memory_bytes;
    memory->reserved = gpu.model->reserved_bytes;
    memory->used = used_by_work(&gpu);
    memory->free = memory->total - memory->reserved - memory->used;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *bar1Memory)
{
    struct gpu_view gpu;
    ENTER_GPU(device, bar1Memory != NULL, &gpu);
    uint64_t used = UINT64_C(2) << 20;
    *bar1Memory = (nvmlBAR1Memory_t){ .bar1Total = gpu.model->bar1_bytes, .bar1Free = gpu.model->bar1_bytes - used, .bar1Used = used };
    return NVML_SUCCESS;
}

/* No process runs on a simulated node; so the three layouts of a row do not differ in effect. */
static nvmlReturn_t no_processes(const char *symbol, nvmlDevice_t device, unsigned *infoCount)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_gpu(symbol, device, infoCount != NULL, &gpu);
    if (result == NVML_SUCCESS) *infoCount = 0;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *infoCount, nvmlProcessInfo_t *infos)
{
    (void)infos;
    return no_processes(__func__, device, infoCount);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned *infoCount, nvmlProcessInfo_t *infos)
{
    (void)infos;
    return no_processes(__func__, device, infoCount);
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned *infoCount, void *infos)
{
    (void)infos;
    return no_processes(__func__, device, infoCount);
}

EXPORT nvmlReturn_t nvmlDeviceGetEccMode(nvmlDevice_t device, nvmlEnableState_t *current, nvmlEnableState_t *pending)
{
    struct gpu_view gpu;
    ENTER_GPU(device, current != NULL && pending != NULL, &gpu);
    *current = *pending = 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTotalEccErrors(nvmlDevice_t device, uint32_t errorType, uint32_t counterType, uint64_t *eccCounts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, eccCounts != NULL && errorType <= 1 && counterType <= 1, &gpu);
    *eccCounts = counterType == 0 ? gpu.state.ecc_volatile[errorType] : gpu.state.ecc_aggregate[errorType];
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *corrRows, unsigned *uncRows,
                                              unsigned *isPending, unsigned *failureOccurred)
{
    struct gpu_view gpu;
    ENTER_GPU(device, corrRows != NULL && uncRows != NULL && isPending != NULL && failureOccurred != NULL, &gpu);
    if (!gpu.model->hbm) return NVML_ERROR_NOT_SUPPORTED;
    *corrRows = gpu.state.remap_correctable;
    *uncRows = gpu.state.remap_uncorrectable;
    *isPending = gpu.state.remap_pending;
    *failureOccurred = gpu.state.remap_failed;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRowRemapperHistogram(nvmlDevice_t device, nvmlRowRemapperHistogramValues_t *values)
{
    struct gpu_view gpu;
    ENTER_GPU(device, values != NULL, &gpu);
    if (!gpu.model->hbm) return NVML_ERROR_NOT_SUPPORTED;
    /* Every remapped row is taken to be in a bank of its own; a failed remapping means a bank without spare rows. */
    const unsigned banks = 640;
    unsigned used = gpu.state.remap_correctable + gpu.state.remap_uncorrectable, empty = gpu.state.remap_failed;
    if (used > banks - empty) used = banks - empty;
    *values = (nvmlRowRemapperHistogramValues_t){ .max = banks - used - empty, .high = used, .none = empty };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *currentMode, unsigned *pendingMode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, currentMode != NULL && pendingMode != NULL, &gpu);
    if (!gpu.model->mig) return NVML_ERROR_NOT_SUPPORTED;
    *currentMode = *pendingMode = 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned *count)
{
    struct gpu_view gpu;
    ENTER_GPU(device, count != NULL, &gpu);
    *count = 0; /* 0 too where MIG is not supported */
    return NVML_SUCCESS;
}
