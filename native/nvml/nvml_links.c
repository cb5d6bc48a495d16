/* NVLink (NVML: NvLink Methods). */
#include "library.h"

#include <stdio.h>

/* A link past the board's is not supported; one past what any board of this driver has is a wrong argument. */
static nvmlReturn_t enter_link(const char *symbol, nvmlDevice_t device, unsigned link, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter_gpu(symbol, device, arguments && link < NVML_NVLINK_MAX_LINKS, gpu);
    if (result != NVML_SUCCESS) return result;
    return link < gpu->model->links ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkState(nvmlDevice_t device, unsigned link, nvmlEnableState_t *isActive)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, isActive != NULL, &gpu);
    if (result == NVML_SUCCESS) *isActive = (gpu.state.links_down >> link & 1) == 0;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkVersion(nvmlDevice_t device, unsigned link, unsigned *version)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, version != NULL, &gpu);
    if (result == NVML_SUCCESS) *version = lies(&gpu, LIES_ENUM) ? 0x5aa5 : gpu.model->link_version;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned link, nvmlPciInfo_t *pci)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, pci != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    if (gpu.node->switches == 0) return NVML_ERROR_NOT_SUPPORTED; /* the switches are elsewhere in the rack */
    unsigned bus = gpu.node->switch_bus[link * gpu.node->switches / gpu.model->links] & 0xff;
    *pci = (nvmlPciInfo_t){ .bus = bus, .pciDeviceId = gpu.node->switch_device };
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "0000:%02X:00.0", bus);
    snprintf(pci->busId, sizeof pci->busId, "00000000:%02X:00.0", bus);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemoteDeviceType(nvmlDevice_t device, unsigned link, uint32_t *pNvLinkDeviceType)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, pNvLinkDeviceType != NULL, &gpu);
    enum { SWITCH = 2 };
    if (result == NVML_SUCCESS) *pNvLinkDeviceType = SWITCH;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkErrorCounter(nvmlDevice_t device, unsigned link, uint32_t counter, uint64_t *counterValue)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, counterValue != NULL && counter <= 4, &gpu);
    if (result != NVML_SUCCESS) return result;
    enum { CRC_FLIT = 2, CRC_DATA, ECC_DATA };
    *counterValue = counter <= CRC_FLIT ? gpu.state.link_errors[link][counter] : 0;
    if (lies(&gpu, LIES_ABSURD)) *counterValue = UINT64_MAX;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceResetNvLinkErrorCounters(nvmlDevice_t device, unsigned link)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, true, &gpu);
    return result == NVML_SUCCESS ? NVML_ERROR_NO_PERMISSION : result; /* a scenario's faults stay told */
}

/* 0 P2P, 1 system memory, 2 P2P atomics, 3 system memory atomics, 4 SLI, 5 valid (NVML: nvmlNvLinkCapability_t). */
EXPORT nvmlReturn_t nvmlDeviceGetNvLinkCapability(nvmlDevice_t device, unsigned link, uint32_t capability, unsigned *capResult)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, capResult != NULL && capability <= 5, &gpu);
    enum { SLI = 4 };
    if (result == NVML_SUCCESS) *capResult = capability != SLI;
    return result;
}

/* Encryption on the links, and from v2 on their firmware (NVML: nvmlNvLinkInfo_v1_t and v2). */
EXPORT nvmlReturn_t nvmlDeviceGetNvLinkInfo(nvmlDevice_t device, nvmlNvLinkInfo_v2_t *info)
{
    struct gpu_view gpu;
    ENTER_GPU(device, info != NULL, &gpu);
    if (info->version != VERSION_WORD(nvmlNvLinkInfo_v1_t, 1) || lies(&gpu, LIES_SIZE))
        CHECK_VERSION(&gpu, info->version, VERSION_WORD(nvmlNvLinkInfo_v2_t, 2));
    if (gpu.model->links == 0 || gpu.model->architecture < ARCHITECTURE_BLACKWELL) return NVML_ERROR_NOT_SUPPORTED;
    info->isNvleEnabled = 0;
    if (info->version == VERSION_WORD(nvmlNvLinkInfo_v1_t, 1)) return NVML_SUCCESS;
    info->firmwareInfo.firmwareVersion[0] = (nvmlNvlinkFirmwareVersion_t){ .ucodeType = 1, .major = 36, .minor = 2014, .subMinor = 1672 };
    info->firmwareInfo.numValidEntries = 1;
    return NVML_SUCCESS;
}

/* The link to the CPU of the package. The struct has no version word (NVML: nvmlC2cModeInfo_v1_t). */
EXPORT nvmlReturn_t nvmlDeviceGetC2cModeInfoV(nvmlDevice_t device, nvmlC2cModeInfo_v1_t *c2cModeInfo)
{
    struct gpu_view gpu;
    ENTER_GPU(device, c2cModeInfo != NULL, &gpu);
    if (gpu.model->c2c_links == 0) return NVML_ERROR_NOT_SUPPORTED;
    c2cModeInfo->isC2cEnabled = 1;
    return NVML_SUCCESS;
}
