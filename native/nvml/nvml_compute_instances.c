/* Compute instances and their profiles (NVML: Multi Instance GPU Management). Enum and id of a profile are the same number. */
#include "mig_instance.h"

#include <stdio.h>
#include <string.h>

static nvmlReturn_t enter_profile(const char *symbol, nvmlGpuInstance_t instance, unsigned profile, unsigned engines, bool arguments,
                                  struct gpu_view *gpu, unsigned *slices)
{
    enum { SHARED = 0 };
    nvmlReturn_t result = enter_gpu_instance(symbol, instance, arguments && profile < MIG_COMPUTE_PROFILES && engines == SHARED, gpu);
    if (result != NVML_SUCCESS) return result;
    *slices = mig_compute_slices(profile);
    return *slices > 0 && *slices <= gpu->state.mig.instance[gpu->gi].profile->slices ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfo(nvmlGpuInstance_t gpuInstance, unsigned profile, unsigned engProfile,
                                                                 nvmlComputeInstanceProfileInfo_t *info)
{
    struct gpu_view gpu;
    unsigned slices;
    nvmlReturn_t result = enter_profile(__func__, gpuInstance, profile, engProfile, info != NULL, &gpu, &slices);
    if (result != NVML_SUCCESS) return result;
    const struct mig_profile *around = gpu.state.mig.instance[gpu.gi].profile;
    *info = (nvmlComputeInstanceProfileInfo_t){ .id = profile, .sliceCount = slices, .instanceCount = around->slices / slices,
                                                .multiprocessorCount = around->processors / around->slices * slices,
                                                .sharedCopyEngineCount = around->copies, .sharedDecoderCount = around->decoders,
                                                .sharedJpegCount = around->jpegs, .sharedOfaCount = around->ofas };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceProfileInfoV(nvmlGpuInstance_t gpuInstance, unsigned profile, unsigned engProfile,
                                                                  nvmlComputeInstanceProfileInfo_v3_t *info)
{
    struct gpu_view gpu;
    unsigned slices;
    nvmlReturn_t result = enter_profile(__func__, gpuInstance, profile, engProfile, info != NULL, &gpu, &slices);
    if (result != NVML_SUCCESS) return result;
    bool third = info->version == VERSION_WORD(nvmlComputeInstanceProfileInfo_v3_t, 3);
    CHECK_VERSION(&gpu, info->version, third ? info->version : VERSION_WORD(nvmlComputeInstanceProfileInfo_v2_t, 2));
    const struct mig_profile *around = gpu.state.mig.instance[gpu.gi].profile;
    nvmlComputeInstanceProfileInfo_v3_t filled = {
        .version = info->version, .id = profile, .sliceCount = slices, .instanceCount = around->slices / slices,
        .multiprocessorCount = around->processors / around->slices * slices, .sharedCopyEngineCount = around->copies,
        .sharedDecoderCount = around->decoders, .sharedJpegCount = around->jpegs, .sharedOfaCount = around->ofas,
    };
    if (slices == around->slices) snprintf(filled.name, sizeof filled.name, "MIG %s", around->name);
    else snprintf(filled.name, sizeof filled.name, "MIG %uc.%s", slices, around->name);
    memcpy(info, &filled, third ? sizeof filled : sizeof(nvmlComputeInstanceProfileInfo_v2_t)); /* v3 is v2 and more */
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceCreateComputeInstance(nvmlGpuInstance_t gpuInstance, unsigned profileId, nvmlComputeInstance_t *computeInstance)
{
    struct gpu_view gpu;
    unsigned slices, start;
    nvmlReturn_t result = enter_profile(__func__, gpuInstance, profileId, 0, computeInstance != NULL, &gpu, &slices);
    if (result != NVML_SUCCESS) return result;
    const struct mig_instance *instance = &gpu.state.mig.instance[gpu.gi];
    if (!mig_compute_find_place(instance, slices, &start)) return NVML_ERROR_INSUFFICIENT_RESOURCES;
    result = library_command("gpu %u mig-instance %u compute create %u %u", gpu.slot, gpu.gi, profileId, start);
    if (result == NVML_SUCCESS) *computeInstance = compute_instance_handle(gpu.slot, gpu.gi, mig_compute_next_id(instance));
    return result;
}

EXPORT nvmlReturn_t nvmlComputeInstanceDestroy(nvmlComputeInstance_t computeInstance)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_compute_instance, computeInstance, true, &gpu);
    if (instance_in_use(&gpu, gpu.gi, gpu.ci)) return NVML_ERROR_IN_USE;
    return library_command("gpu %u mig-instance %u compute %u destroy", gpu.slot, gpu.gi, gpu.ci);
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstances(nvmlGpuInstance_t gpuInstance, unsigned profileId,
                                                       nvmlComputeInstance_t *computeInstances, unsigned *count)
{
    struct gpu_view gpu;
    unsigned slices;
    nvmlReturn_t result = enter_profile(__func__, gpuInstance, profileId, 0, computeInstances != NULL && count != NULL, &gpu, &slices);
    if (result != NVML_SUCCESS) return result;
    *count = 0;
    for (unsigned ci = 0; ci < MIG_SLICES; ci++)
        if (gpu.state.mig.instance[gpu.gi].compute[ci].slices == slices)
            computeInstances[(*count)++] = compute_instance_handle(gpu.slot, gpu.gi, ci);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlGpuInstanceGetComputeInstanceById(nvmlGpuInstance_t gpuInstance, unsigned id, nvmlComputeInstance_t *computeInstance)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_gpu_instance, gpuInstance, computeInstance != NULL, &gpu);
    if (!mig_has_compute(&gpu.state.mig, gpu.gi, id)) return NVML_ERROR_NOT_FOUND;
    *computeInstance = compute_instance_handle(gpu.slot, gpu.gi, id);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlComputeInstanceGetInfo_v2(nvmlComputeInstance_t computeInstance, nvmlComputeInstanceInfo_t *info)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_compute_instance, computeInstance, info != NULL, &gpu);
    const struct mig_compute *compute = &gpu.state.mig.instance[gpu.gi].compute[gpu.ci];
    *info = (nvmlComputeInstanceInfo_t){ .device = library_handle(gpu.slot), .gpuInstance = gpu_instance_handle(gpu.slot, gpu.gi),
                                         .id = gpu.ci, .profileId = mig_compute_profile(compute->slices),
                                         .placement = { compute->start, compute->slices } };
    return NVML_SUCCESS;
}
