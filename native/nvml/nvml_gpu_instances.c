/* GPU instances and their profiles (NVML: Multi Instance GPU Management). A profile is asked for by NVML's enum in the functions of
   profiles, and by its id in those of instances. */
#include "mig_instance.h"

#include <stdio.h>
#include <string.h>

/* Walked from 0: 3 for what this board has not, 2 past the last. */
static nvmlReturn_t enter_profile(const char *symbol, nvmlDevice_t device, unsigned profile, bool arguments, struct gpu_view *gpu,
                                  const struct mig_profile **found)
{
    nvmlReturn_t result = library_enter_gpu(symbol, device, arguments && profile < MIG_GPU_PROFILES, gpu);
    if (result != NVML_SUCCESS) return result;
    *found = mig_profile_by_index(gpu->model->mig, profile);
    return *found != NULL ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfo(nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_t *info)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_profile(__func__, device, profile, info != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    *info = (nvmlGpuInstanceProfileInfo_t){ .id = has->id, .sliceCount = has->slices, .instanceCount = has->instances,
                                            .multiprocessorCount = has->processors, .copyEngineCount = has->copies,
                                            .decoderCount = has->decoders, .jpegCount = has->jpegs, .ofaCount = has->ofas,
                                            .memorySizeMB = has->memory_mb };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceProfileInfoV(nvmlDevice_t device, unsigned profile, nvmlGpuInstanceProfileInfo_v2_t *info)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_profile(__func__, device, profile, info != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    uint32_t version = info->version;
    bool third = version == VERSION_WORD(nvmlGpuInstanceProfileInfo_v3_t, 3);
    CHECK_VERSION(&gpu, version, third ? version : VERSION_WORD(nvmlGpuInstanceProfileInfo_v2_t, 2));
    char name[96];
    snprintf(name, sizeof name, "MIG %s", has->name);
    if (third) { /* the same size, other offsets */
        nvmlGpuInstanceProfileInfo_v3_t *v3 = (void *)info;
        *v3 = (nvmlGpuInstanceProfileInfo_v3_t){ .version = version, .id = has->id, .sliceCount = has->slices,
                                                 .instanceCount = has->instances, .multiprocessorCount = has->processors,
                                                 .copyEngineCount = has->copies, .decoderCount = has->decoders,
                                                 .jpegCount = has->jpegs, .ofaCount = has->ofas, .memorySizeMB = has->memory_mb };
        memcpy(v3->name, name, sizeof name);
        return NVML_SUCCESS;
    }
    *info = (nvmlGpuInstanceProfileInfo_v2_t){ .version = version, .id = has->id, .sliceCount = has->slices, .instanceCount = has->instances,
                                               .multiprocessorCount = has->processors, .copyEngineCount = has->copies,
                                               .decoderCount = has->decoders, .jpegCount = has->jpegs, .ofaCount = has->ofas,
                                               .memorySizeMB = has->memory_mb };
    memcpy(info->name, name, sizeof name);
    return NVML_SUCCESS;
}

/* For what goes by profile id on a divided GPU: 2 for an id that no profile has. */
static nvmlReturn_t enter_id(const char *symbol, nvmlDevice_t device, unsigned id, bool arguments, struct gpu_view *gpu,
                             const struct mig_profile **found)
{
    nvmlReturn_t result = enter_divided(symbol, device, arguments, gpu);
    if (result != NVML_SUCCESS) return result;
    *found = mig_profile_by_id(gpu->model->mig, id);
    return *found != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstancePossiblePlacements_v2(nvmlDevice_t device, unsigned profileId,
                                                                  nvmlGpuInstancePlacement_t *placements, unsigned *count)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_id(__func__, device, profileId, count != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    unsigned room = *count;
    *count = (has->starts_end - 1) / has->step + 1;
    if (placements == NULL) return NVML_SUCCESS;
    if (room < *count) return NVML_ERROR_INSUFFICIENT_SIZE;
    for (unsigned i = 0; i < *count; i++) placements[i] = (nvmlGpuInstancePlacement_t){ i * has->step, has->memory_slices };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceRemainingCapacity(nvmlDevice_t device, unsigned profileId, unsigned *count)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_id(__func__, device, profileId, count != NULL, &gpu, &has);
    if (result == NVML_SUCCESS) *count = mig_capacity(&gpu.state.mig, has);
    return result;
}

static nvmlReturn_t create(const struct gpu_view *gpu, const struct mig_profile *profile, unsigned start, nvmlGpuInstance_t *made)
{
    nvmlReturn_t result = library_command("gpu %u mig-instance create %u %u", gpu->slot, profile->id, start);
    if (result == NVML_SUCCESS) *made = gpu_instance_handle(gpu->slot, mig_instance_id(profile->memory_slices, start));
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstance(nvmlDevice_t device, unsigned profileId, nvmlGpuInstance_t *gpuInstance)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    unsigned start;
    nvmlReturn_t result = enter_id(__func__, device, profileId, gpuInstance != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    return mig_find_place(&gpu.state.mig, has, &start) ? create(&gpu, has, start, gpuInstance) : NVML_ERROR_INSUFFICIENT_RESOURCES;
}

EXPORT nvmlReturn_t nvmlDeviceCreateGpuInstanceWithPlacement(nvmlDevice_t device, unsigned profileId,
                                                             const nvmlGpuInstancePlacement_t *placement, nvmlGpuInstance_t *gpuInstance)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_id(__func__, device, profileId, placement != NULL && gpuInstance != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    if (placement->start % has->step != 0 || placement->start >= has->starts_end || placement->size != has->memory_slices)
        return NVML_ERROR_INVALID_ARGUMENT;
    return mig_fits(&gpu.state.mig, has, placement->start) ? create(&gpu, has, placement->start, gpuInstance) : NVML_ERROR_INSUFFICIENT_RESOURCES;
}

EXPORT nvmlReturn_t nvmlGpuInstanceDestroy(nvmlGpuInstance_t gpuInstance)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_gpu_instance, gpuInstance, true, &gpu);
    if (mig_first_compute(&gpu.state.mig.instance[gpu.gi]) < MIG_SLICES || instance_in_use(&gpu, gpu.gi, UINT32_MAX)) return NVML_ERROR_IN_USE;
    return library_command("gpu %u mig-instance %u destroy", gpu.slot, gpu.gi);
}

/* The caller's array has room for as many as the profile can have. */
EXPORT nvmlReturn_t nvmlDeviceGetGpuInstances(nvmlDevice_t device, unsigned profileId, nvmlGpuInstance_t *gpuInstances, unsigned *count)
{
    struct gpu_view gpu;
    const struct mig_profile *has;
    nvmlReturn_t result = enter_id(__func__, device, profileId, gpuInstances != NULL && count != NULL, &gpu, &has);
    if (result != NVML_SUCCESS) return result;
    *count = 0;
    for (unsigned gi = 0; gi < MIG_INSTANCES; gi++)
        if (gpu.state.mig.instance[gi].profile == has) gpuInstances[(*count)++] = gpu_instance_handle(gpu.slot, gi);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuInstanceById(nvmlDevice_t device, unsigned id, nvmlGpuInstance_t *gpuInstance)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_divided, device, gpuInstance != NULL, &gpu);
    if (id >= MIG_INSTANCES || gpu.state.mig.instance[id].profile == NULL) return NVML_ERROR_NOT_FOUND;
    *gpuInstance = gpu_instance_handle(gpu.slot, id);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetInfo(nvmlGpuInstance_t gpuInstance, nvmlGpuInstanceInfo_t *info)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_gpu_instance, gpuInstance, info != NULL, &gpu);
    const struct mig_instance *instance = &gpu.state.mig.instance[gpu.gi];
    *info = (nvmlGpuInstanceInfo_t){ .device = library_handle(gpu.slot), .id = gpu.gi, .profileId = instance->profile->id,
                                     .placement = { instance->start, instance->profile->memory_slices } };
    return NVML_SUCCESS;
}
