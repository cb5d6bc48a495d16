/* Rows that were remapped, and other repair (NVML: Device Queries). No simulated board retires pages: that is how boards before
   Ampere repaired themselves. */
#include "library.h"

/* A divided GPU does not tell; every board since Ampere remaps rows, with HBM or without (NVML: nvmlDeviceGetRemappedRows). */
static bool tells_remapping(const struct gpu_view *gpu) { return mig_instances(&gpu->state.mig) == 0; }

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows(nvmlDevice_t device, unsigned *corrRows, unsigned *uncRows,
                                              unsigned *isPending, unsigned *failureOccurred)
{
    struct gpu_view gpu;
    ENTER_GPU(device, corrRows != NULL && uncRows != NULL && isPending != NULL && failureOccurred != NULL, &gpu);
    if (!tells_remapping(&gpu)) return NVML_ERROR_NOT_SUPPORTED;
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
    if (!tells_remapping(&gpu)) return NVML_ERROR_NOT_SUPPORTED;
    /* Every remapped row is taken to be in a bank of its own; a failed remapping means a bank without spare rows. */
    const unsigned banks = 640;
    unsigned used = gpu.state.remap_correctable + gpu.state.remap_uncorrectable, empty = gpu.state.remap_failed;
    if (used > banks - empty) used = banks - empty;
    *values = (nvmlRowRemapperHistogramValues_t){ .max = banks - used - empty, .high = used, .none = empty };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRemappedRows_v2(nvmlDevice_t device, nvmlRemappedRowsInfo_v2_t *info)
{
    struct gpu_view gpu;
    ENTER_GPU(device, info != NULL, &gpu);
    if (!tells_remapping(&gpu)) return NVML_ERROR_NOT_SUPPORTED;
    /* A remapping that waits for a reset is the one that is not active yet. */
    unsigned waiting = gpu.state.remap_pending && gpu.state.remap_uncorrectable > 0;
    *info = (nvmlRemappedRowsInfo_v2_t){ .corrActiveRemaps = gpu.state.remap_correctable,
                                         .uncActiveRemaps = gpu.state.remap_uncorrectable - waiting, .uncInactiveRemaps = waiting,
                                         .bPending = gpu.state.remap_pending, .bFailureOccurred = gpu.state.remap_failed };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPages_v2(nvmlDevice_t device, uint32_t cause, unsigned *pageCount, uint64_t *addresses, uint64_t *timestamps)
{
    struct gpu_view gpu;
    (void)addresses, (void)timestamps;
    ENTER_GPU(device, pageCount != NULL && cause <= 1, &gpu);
    return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetRetiredPagesPendingStatus(nvmlDevice_t device, nvmlEnableState_t *isPending)
{
    struct gpu_view gpu;
    ENTER_GPU(device, isPending != NULL, &gpu);
    return NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetRepairStatus(nvmlDevice_t device, nvmlRepairStatus_v1_t *repairStatus)
{
    struct gpu_view gpu;
    ENTER_GPU(device, repairStatus != NULL, &gpu);
    CHECK_VERSION(&gpu, repairStatus->version, VERSION_WORD(nvmlRepairStatus_v1_t, 1));
    if (gpu.model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
    repairStatus->bChannelRepairPending = gpu.state.repair == 1;
    repairStatus->bTpcRepairPending = gpu.state.repair == 2;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetUnrepairableMemoryFlag_v1(nvmlDevice_t device, nvmlUnrepairableMemoryStatus_v1_t *status)
{
    struct gpu_view gpu;
    ENTER_GPU(device, status != NULL, &gpu);
    if (gpu.model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
    status->bUnrepairableMemory = gpu.state.unrepairable;
    return NVML_SUCCESS;
}
