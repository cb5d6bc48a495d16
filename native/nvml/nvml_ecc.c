/* ECC errors, by kind and by place (NVML: Device Queries). */
#include "library.h"

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
    if (lies(&gpu, LIES_ABSURD)) return *eccCounts = UINT64_MAX, NVML_SUCCESS;
    *eccCounts = counterType == 0 ? gpu.state.ecc_volatile[errorType] : gpu.state.ecc_aggregate[errorType];
    return NVML_SUCCESS;
}

/* DRAM holds what is not SRAM's; SRAM errors are told in L2, the register file and SRAM as a whole. Corrected ones are DRAM's. */
uint64_t ecc_at(const struct gpu_view *gpu, unsigned type, unsigned counter, unsigned location)
{
    enum { L2 = 1, DRAM = 2, SRAM = 7 };
    const struct gpu_state *state = &gpu->state;
    uint64_t all = counter == 0 ? state->ecc_volatile[type] : state->ecc_aggregate[type];
    uint64_t sram = type == 0 ? 0 : counter == 0 ? state->sram_volatile : state->sram_aggregate;
    return location == DRAM ? all - sram : location == SRAM || location == L2 ? sram : 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryErrorCounter(nvmlDevice_t device, uint32_t errorType, uint32_t counterType, uint32_t locationType,
                                                    uint64_t *count)
{
    struct gpu_view gpu;
    ENTER_GPU(device, count != NULL && errorType <= 1 && counterType <= 1 && locationType <= 7, &gpu);
    enum { TEXTURE = 4, TEXTURE_SHARED = 5 };
    if (locationType == TEXTURE || locationType == TEXTURE_SHARED) return NVML_ERROR_NOT_SUPPORTED; /* of Kepler's time */
    *count = ecc_at(&gpu, errorType, counterType, locationType);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceClearEccErrorCounts(nvmlDevice_t device, uint32_t counterType)
{
    struct gpu_view gpu;
    ENTER_GPU(device, counterType <= 1, &gpu);
    return NVML_ERROR_NO_PERMISSION; /* root's; and a scenario's faults stay told */
}

EXPORT nvmlReturn_t nvmlDeviceGetSramEccErrorStatus(nvmlDevice_t device, nvmlEccSramErrorStatus_v1_t *status)
{
    struct gpu_view gpu;
    ENTER_GPU(device, status != NULL, &gpu);
    CHECK_VERSION(&gpu, status->version, VERSION_WORD(nvmlEccSramErrorStatus_v1_t, 1));
    if (!gpu.model->hbm) return NVML_ERROR_NOT_SUPPORTED;
    *status = (nvmlEccSramErrorStatus_v1_t){ .version = status->version, .aggregateUncSecDed = gpu.state.sram_aggregate,
                                             .volatileUncSecDed = gpu.state.sram_volatile, .aggregateUncBucketL2 = gpu.state.sram_aggregate,
                                             .bThresholdExceeded = gpu.state.sram_threshold };
    return NVML_SUCCESS;
}

/* One place for all SRAM errors of a GPU, at the address 0x1000. */
EXPORT nvmlReturn_t nvmlDeviceGetSramUniqueUncorrectedEccErrorCounts(nvmlDevice_t device, nvmlEccSramUniqueUncorrectedErrorCounts_v1_t *counts)
{
    struct gpu_view gpu;
    ENTER_GPU(device, counts != NULL, &gpu);
    CHECK_VERSION(&gpu, counts->version, VERSION_WORD(nvmlEccSramUniqueUncorrectedErrorCounts_v1_t, 1));
    if (gpu.model->architecture < ARCHITECTURE_HOPPER) return NVML_ERROR_NOT_SUPPORTED;
    unsigned room = counts->entryCount;
    counts->entryCount = gpu.state.sram_aggregate > 0;
    if (counts->entryCount == 0) return NVML_SUCCESS;
    if (room == 0 || counts->entries == NULL) return NVML_ERROR_INSUFFICIENT_SIZE;
    counts->entries[0] = (nvmlEccSramUniqueUncorrectedErrorEntry_v1_t){ .address = 0x1000, .count = (uint32_t)gpu.state.sram_aggregate };
    return NVML_SUCCESS;
}
