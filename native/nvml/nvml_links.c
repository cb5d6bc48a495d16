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
    if (result == NVML_SUCCESS) *version = gpu.model->link_version;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetNvLinkRemotePciInfo_v2(nvmlDevice_t device, unsigned link, nvmlPciInfo_t *pci)
{
    struct gpu_view gpu;
    nvmlReturn_t result = enter_link(__func__, device, link, pci != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    unsigned bus = gpu.model->switch_bus[link * gpu.model->switches / gpu.model->links];
    *pci = (nvmlPciInfo_t){ .bus = bus, .pciDeviceId = gpu.model->switch_device };
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
    if (result == NVML_SUCCESS) *counterValue = 0;
    return result;
}
