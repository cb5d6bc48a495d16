/* Who a GPU is (NVML: Device Queries). */
#define _GNU_SOURCE
#include "library.h"

#include <stdio.h>
#include <string.h>

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    struct gpu_view gpu;
    ENTER_GPU(device, index != NULL, &gpu);
    *index = gpu.index;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor)
{
    struct gpu_view gpu;
    ENTER_GPU(device, minor != NULL, &gpu);
    *minor = gpu.slot;
    return NVML_SUCCESS;
}

/* No two simulated boards share a bridge. */
EXPORT nvmlReturn_t nvmlDeviceGetBoardId(nvmlDevice_t device, unsigned *boardId)
{
    struct gpu_view gpu;
    ENTER_GPU(device, boardId != NULL, &gpu);
    *boardId = gpu.node->place[gpu.slot].domain << 16 | gpu.node->place[gpu.slot].bus << 8;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetModuleId(nvmlDevice_t device, unsigned *moduleId)
{
    struct gpu_view gpu;
    ENTER_GPU(device, moduleId != NULL, &gpu);
    if (!gpu.model->sxm) return NVML_ERROR_NOT_SUPPORTED;
    *moduleId = gpu.slot + 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    struct gpu_view gpu;
    ENTER_ANY(device, uuid != NULL, &gpu);
    char text[41];
    /* The lie: another GPU's. */
    unsigned whose = (gpu.state.lies & LIES_UUID) != 0 ? (gpu.slot + 1) % gpu.node->gpus : gpu.slot;
    if (gpu.gi != UINT32_MAX) node_model_mig_uuid(gpu.node, whose, gpu.gi, gpu.ci, text);
    else node_model_uuid(gpu.node, whose, text);
    return put_text(uuid, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, serial != NULL, &gpu);
    char text[30];
    node_model_serial(gpu.node, gpu.slot, text);
    return put_text(serial, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    struct gpu_view gpu;
    ENTER_ANY(device, name != NULL, &gpu);
    char text[160];
    const struct mig_profile *profile = gpu.gi != UINT32_MAX ? gpu.state.mig.instance[gpu.gi].profile : NULL;
    snprintf(text, sizeof text, profile != NULL ? "%s MIG %s" : "%s", gpu.name, profile != NULL ? profile->name : "");
    return put_text(name, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, version != NULL, &gpu);
    return put_text(version, length, gpu.model->vbios);
}

EXPORT nvmlReturn_t nvmlDeviceGetBoardPartNumber(nvmlDevice_t device, char *partNumber, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, partNumber != NULL, &gpu);
    return put_text(partNumber, length, gpu.model->part_number);
}

EXPORT nvmlReturn_t nvmlDeviceGetBrand(nvmlDevice_t device, uint32_t *type)
{
    struct gpu_view gpu;
    ENTER_GPU(device, type != NULL, &gpu);
    /* NVML_BRAND_NVIDIA: what data centre boards report since the R460 drivers; the lie: a brand to come. */
    *type = (gpu.state.lies & LIES_ENUM) != 0 ? 0x5aa5 : 14;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, uint32_t *arch)
{
    struct gpu_view gpu;
    ENTER_GPU(device, arch != NULL, &gpu);
    *arch = (gpu.state.lies & LIES_ENUM) != 0 ? 0x5aa5 : gpu.model->architecture;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    struct gpu_view gpu;
    ENTER_GPU(device, major != NULL && minor != NULL, &gpu);
    *major = gpu.model->compute_major;
    *minor = gpu.model->compute_minor;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetInforomImageVersion(nvmlDevice_t device, char *version, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, version != NULL, &gpu);
    return put_text(version, length, gpu.model->inforom);
}

EXPORT nvmlReturn_t nvmlDeviceValidateInforom(nvmlDevice_t device)
{
    struct gpu_view gpu;
    ENTER_GPU(device, true, &gpu);
    return gpu.state.inforom_corrupted ? NVML_ERROR_CORRUPTED_INFOROM : NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGspFirmwareVersion(nvmlDevice_t device, char *version)
{
    struct gpu_view gpu;
    ENTER_GPU(device, version != NULL, &gpu);
    pthread_mutex_lock(&library.lock);
    const char *set = library.state.driver_version;
    snprintf(version, 64, "%.63s", *set != '\0' ? set : nvml_build.driver_version); /* the firmware comes with the driver */
    library_unlock();
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGspFirmwareMode(nvmlDevice_t device, unsigned *isEnabled, unsigned *defaultMode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, isEnabled != NULL && defaultMode != NULL, &gpu);
    *isEnabled = *defaultMode = 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetComputeMode(nvmlDevice_t device, uint32_t *mode)
{
    struct gpu_view gpu;
    ENTER_ANY(device, mode != NULL, &gpu);
    *mode = (gpu.state.lies & LIES_ENUM) != 0 ? 0x5aa5 : 0; /* default */
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPersistenceMode(nvmlDevice_t device, nvmlEnableState_t *mode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, mode != NULL, &gpu);
    *mode = (gpu.state.lies & LIES_ENUM) != 0 ? 0x5aa5 : 1;
    return NVML_SUCCESS;
}

/* A tray of a rack with one NVLink domain knows its place in it (NVML: nvmlPlatformInfo_v1_t and v2). */
EXPORT nvmlReturn_t nvmlDeviceGetPlatformInfo(nvmlDevice_t device, nvmlPlatformInfo_v2_t *platformInfo)
{
    struct gpu_view gpu;
    ENTER_GPU(device, platformInfo != NULL, &gpu);
    uint32_t version = platformInfo->version;
    if (version != VERSION_WORD(nvmlPlatformInfo_v1_t, 1)) CHECK_VERSION(&gpu, version, VERSION_WORD(nvmlPlatformInfo_v2_t, 2));
    else CHECK_VERSION(&gpu, version, version);
    if (gpu.node->clique == 0) return NVML_ERROR_NOT_SUPPORTED;
    /* Both layouts have their fields at the same places. */
    *platformInfo = (nvmlPlatformInfo_v2_t){ .version = version, .slotNumber = 9, .trayIndex = 4, .hostId = 1, .peerType = 1,
                                             .moduleId = (uint8_t)(gpu.slot + 1) };
    uint64_t guid = sim_hash(gpu.slot, gpu.node->name, strlen(gpu.node->name));
    memcpy(platformInfo->ibGuid, &guid, sizeof guid);
    snprintf((char *)platformInfo->chassisSerialNumber, sizeof platformInfo->chassisSerialNumber, "1820325000042");
    return NVML_SUCCESS;
}
