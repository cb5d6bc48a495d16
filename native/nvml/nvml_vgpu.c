/* A host of vGPUs, in little: so many of one type (NVML: vGPU Management). Without any the GPU is no vGPU host. */
#include "library.h"

#include <stdio.h>

/* A vGPU's number holds its GPU and its place; a type's number is 700 and how many of it a board takes. */
enum { FIRST_INSTANCE = 0x100, PER_GPU = 0x10, FIRST_TYPE = 700, MOST = 8 };

static uint64_t type_bytes(const struct gpu_model *model) { return model->memory_bytes / MOST >> 20 << 20; }

EXPORT nvmlReturn_t nvmlDeviceGetVirtualizationMode(nvmlDevice_t device, uint32_t *pVirtualMode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pVirtualMode != NULL, &gpu);
    enum { NONE = 0, HOST_VGPU = 3 };
    *pVirtualMode = lies(&gpu, LIES_ENUM) ? 0x5aa5 : gpu.state.vgpus > 0 ? HOST_VGPU : NONE;
    return NVML_SUCCESS;
}

/* For what only a vGPU host answers. */
static nvmlReturn_t enter_host(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter_gpu(symbol, device, arguments, gpu);
    return result == NVML_SUCCESS && gpu->state.vgpus == 0 ? NVML_ERROR_NOT_SUPPORTED : result;
}

EXPORT nvmlReturn_t nvmlDeviceGetHostVgpuMode(nvmlDevice_t device, uint32_t *pHostVgpuMode)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_host, device, pHostVgpuMode != NULL, &gpu);
    *pHostVgpuMode = 1; /* SR-IOV: all boards since Ampere */
    return NVML_SUCCESS;
}

static nvmlReturn_t types(const char *symbol, nvmlDevice_t device, unsigned *count, uint32_t *ids)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_host(symbol, device, count != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    unsigned room = *count;
    *count = 1;
    if (ids == NULL || room == 0) return NVML_ERROR_INSUFFICIENT_SIZE;
    ids[0] = FIRST_TYPE + gpu.slot;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedVgpus(nvmlDevice_t device, unsigned *vgpuCount, uint32_t *vgpuTypeIds)
{
    return types(__func__, device, vgpuCount, vgpuTypeIds);
}

EXPORT nvmlReturn_t nvmlDeviceGetCreatableVgpus(nvmlDevice_t device, unsigned *vgpuCount, uint32_t *vgpuTypeIds)
{
    return types(__func__, device, vgpuCount, vgpuTypeIds);
}

EXPORT nvmlReturn_t nvmlDeviceGetActiveVgpus(nvmlDevice_t device, unsigned *vgpuCount, uint32_t *vgpuInstances)
{
    struct gpu_view gpu;
    ENTER_GPU(device, vgpuCount != NULL, &gpu);
    unsigned room = *vgpuCount;
    *vgpuCount = gpu.state.vgpus;
    if (gpu.state.vgpus > room) return NVML_ERROR_INSUFFICIENT_SIZE;
    if (gpu.state.vgpus > 0 && vgpuInstances == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    for (unsigned i = 0; i < gpu.state.vgpus; i++) vgpuInstances[i] = FIRST_INSTANCE + gpu.slot * PER_GPU + i;
    return NVML_SUCCESS;
}

static nvmlReturn_t enter_type(const char *symbol, uint32_t type, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter(symbol, arguments && type >= FIRST_TYPE && type < FIRST_TYPE + SIM_MAX_GPUS);
    return result == NVML_SUCCESS ? library_enter_gpu(symbol, library_handle(type - FIRST_TYPE), true, gpu) : result;
}

EXPORT nvmlReturn_t nvmlVgpuTypeGetName(uint32_t vgpuTypeId, char *vgpuTypeName, unsigned *size)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_type, vgpuTypeId, vgpuTypeName != NULL && size != NULL, &gpu);
    char name[160];
    unsigned room = *size;
    *size = (unsigned)snprintf(name, sizeof name, "%s-%uC", gpu.model->gpu_name, (unsigned)(type_bytes(gpu.model) >> 30)) + 1;
    return put_text(vgpuTypeName, room, name);
}

EXPORT nvmlReturn_t nvmlVgpuTypeGetFramebufferSize(uint32_t vgpuTypeId, uint64_t *fbSize)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_type, vgpuTypeId, fbSize != NULL, &gpu);
    *fbSize = type_bytes(gpu.model);
    return NVML_SUCCESS;
}

/* 6 for a vGPU that is not, or no more. */
static nvmlReturn_t enter_vgpu(const char *symbol, uint32_t instance, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter(symbol, arguments);
    if (result != NVML_SUCCESS) return result;
    uint32_t place = instance - FIRST_INSTANCE;
    if (place >= SIM_MAX_GPUS * PER_GPU) return NVML_ERROR_NOT_FOUND;
    result = library_enter_gpu(symbol, library_handle(place / PER_GPU), true, gpu);
    if (result == NVML_ERROR_INVALID_ARGUMENT) return NVML_ERROR_NOT_FOUND;
    return result == NVML_SUCCESS && place % PER_GPU >= gpu->state.vgpus ? NVML_ERROR_NOT_FOUND : result;
}

static nvmlReturn_t put_uuid(char *out, unsigned size, uint32_t instance, const char *prefix)
{
    char uuid[64];
    uint64_t high = sim_hash(instance, prefix, 1), low = sim_hash(high, prefix, 1);
    snprintf(uuid, sizeof uuid, "%s%08x-%04x-4%03x-%04x-%012llx", prefix, (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, ((unsigned)(low >> 48) & 0x3fff) | 0x8000, (unsigned long long)(low & UINT64_C(0xffffffffffff)));
    return put_text(out, size, uuid);
}

EXPORT nvmlReturn_t nvmlVgpuInstanceGetUUID(uint32_t vgpuInstance, char *uuid, unsigned size)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_vgpu, vgpuInstance, uuid != NULL, &gpu);
    return put_uuid(uuid, size, vgpuInstance, "GRID-");
}

EXPORT nvmlReturn_t nvmlVgpuInstanceGetMdevUUID(uint32_t vgpuInstance, char *mdevUuid, unsigned size)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_vgpu, vgpuInstance, mdevUuid != NULL, &gpu);
    return put_uuid(mdevUuid, size, vgpuInstance, "");
}

EXPORT nvmlReturn_t nvmlVgpuInstanceGetType(uint32_t vgpuInstance, uint32_t *vgpuTypeId)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_vgpu, vgpuInstance, vgpuTypeId != NULL, &gpu);
    *vgpuTypeId = FIRST_TYPE + gpu.slot;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlVgpuInstanceGetFbUsage(uint32_t vgpuInstance, uint64_t *fbUsage)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_vgpu, vgpuInstance, fbUsage != NULL, &gpu);
    *fbUsage = type_bytes(gpu.model) / 100 * sim_utilization(gpu.slot, &gpu.state, gpu.now);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlVgpuInstanceGetLicenseInfo_v2(uint32_t vgpuInstance, nvmlVgpuLicenseInfo_t *licenseInfo)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_vgpu, vgpuInstance, licenseInfo != NULL, &gpu);
    enum { PERMANENT = 4, LICENSED = 5 };
    *licenseInfo = (nvmlVgpuLicenseInfo_t){ .isLicensed = 1, .licenseExpiry.status = PERMANENT, .currentState = LICENSED };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetVgpuUtilization(nvmlDevice_t device, uint64_t lastSeenTimeStamp, uint32_t *sampleValType,
                                                 unsigned *count, nvmlVgpuInstanceUtilizationSample_t *samples)
{
    struct gpu_view gpu;
    ENTER_WITH(enter_host, device, sampleValType != NULL && count != NULL, &gpu);
    unsigned room = *count;
    *count = gpu.state.vgpus;
    *sampleValType = 1; /* u32 */
    if (samples == NULL || room < *count) return NVML_ERROR_INSUFFICIENT_SIZE;
    uint64_t at = (uint64_t)(library.clock.epoch + gpu.now) / 1000000000 * 1000000; /* one a second; us */
    if (at <= lastSeenTimeStamp) return NVML_ERROR_NOT_FOUND;
    unsigned busy = sim_utilization(gpu.slot, &gpu.state, gpu.now) / *count;
    for (unsigned i = 0; i < *count; i++)
        samples[i] = (nvmlVgpuInstanceUtilizationSample_t){ .vgpuInstance = FIRST_INSTANCE + gpu.slot * PER_GPU + i, .timeStamp = at,
                                                            .smUtil.uiVal = busy, .memUtil.uiVal = busy / 2 };
    return NVML_SUCCESS;
}
