/* The state of the NVLink fabric a GPU belongs to (NVML: nvmlGpuFabricInfo_t, v2 and v3). */
#include "library.h"

#include <string.h>

static uint32_t state_of(const struct gpu_view *gpu) { return lies(gpu, LIES_ENUM) ? 200 : gpu->state.fabric; }

/* The domain's UUID is zero where the node is a domain of its own. */
static void put_cluster(const struct gpu_view *gpu, uint8_t uuid[16])
{
    memset(uuid, 0, 16);
    if (gpu->node->clique == 0 || gpu->state.fabric != 3) return;
    for (unsigned half = 0; half < 2; half++) {
        uint64_t part = sim_hash(half, gpu->node->name, strlen(gpu->node->name));
        memcpy(uuid + half * 8, &part, sizeof part);
    }
}

static uint32_t clique(const struct gpu_view *gpu) { return gpu->state.fabric == 3 ? gpu->node->clique : 0; }

/* The two-bit fields of the mask say 1 for true; the four-bit one says 1 for no wrong configuration. */
static uint8_t summary_of(unsigned mask)
{
    enum { NOT_SUPPORTED, HEALTHY, UNHEALTHY, LIMITED };
    if (mask == 0) return NOT_SUPPORTED;
    unsigned configuration = mask >> 8 & 15;
    bool unhealthy = (mask >> 4 & 3) == 1 || (mask >> 6 & 3) == 1 || (mask >> 2 & 3) == 1 || configuration > 1;
    return unhealthy ? UNHEALTHY : (mask & 3) == 1 ? LIMITED : HEALTHY;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfo(nvmlDevice_t device, nvmlGpuFabricInfo_t *info)
{
    struct gpu_view gpu;
    ENTER_GPU(device, info != NULL, &gpu);
    if (!gpu.model->fabric) return NVML_ERROR_NOT_SUPPORTED;
    put_cluster(&gpu, info->clusterUuid);
    info->status = NVML_SUCCESS;
    info->cliqueId = clique(&gpu);
    info->state = (uint8_t)state_of(&gpu);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuFabricInfoV(nvmlDevice_t device, nvmlGpuFabricInfo_v3_t *info)
{
    struct gpu_view gpu;
    ENTER_GPU(device, info != NULL, &gpu);
    /* v3 came with the drivers of CUDA 13.0. */
    bool third = info->version == VERSION_WORD(nvmlGpuFabricInfo_v3_t, 3) && gpu.driver_major >= 570;
    if (!third || lies(&gpu, LIES_SIZE)) CHECK_VERSION(&gpu, info->version, VERSION_WORD(nvmlGpuFabricInfo_v2_t, 2));
    if (!gpu.model->fabric) return NVML_ERROR_NOT_SUPPORTED;
    put_cluster(&gpu, info->clusterUuid);
    info->status = NVML_SUCCESS;
    info->cliqueId = clique(&gpu);
    info->state = (uint8_t)state_of(&gpu);
    info->healthMask = gpu.state.fabric == 3 ? gpu.state.fabric_health : 0;
    if (third) info->healthSummary = summary_of(info->healthMask);
    return NVML_SUCCESS;
}
