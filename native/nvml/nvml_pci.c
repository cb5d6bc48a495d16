/* PCI, NUMA and the paths between GPUs (NVML: Device Queries). */
#define _GNU_SOURCE
#include "library.h"

#include <stdio.h>

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pci != NULL, &gpu);
    unsigned bus = gpu.model->place[gpu.index].bus;
    *pci = (nvmlPciInfo_t){ .bus = bus, .pciDeviceId = gpu.model->pci_device, .pciSubSystemId = gpu.model->pci_subsystem };
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "0000:%02X:00.0", bus);
    snprintf(pci->busId, sizeof pci->busId, "00000000:%02X:00.0", bus);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned *generation)
{
    struct gpu_view gpu;
    ENTER_GPU(device, generation != NULL, &gpu);
    /* An idle GPU lowers its link by design. */
    *generation = sim_utilization(gpu.index, &gpu.state, gpu.now) > 0 ? gpu.model->pcie_generation : 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxPcieLinkGeneration(nvmlDevice_t device, unsigned *generation)
{
    struct gpu_view gpu;
    ENTER_GPU(device, generation != NULL, &gpu);
    *generation = gpu.model->pcie_generation;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkWidth(nvmlDevice_t device, unsigned *width)
{
    struct gpu_view gpu;
    ENTER_GPU(device, width != NULL, &gpu);
    *width = 16;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxPcieLinkWidth(nvmlDevice_t device, unsigned *width)
{
    struct gpu_view gpu;
    ENTER_GPU(device, width != NULL, &gpu);
    *width = 16;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPcieReplayCounter(nvmlDevice_t device, unsigned *value)
{
    struct gpu_view gpu;
    ENTER_GPU(device, value != NULL, &gpu);
    *value = 0;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t device1, nvmlDevice_t device2, uint32_t *pathInfo)
{
    struct gpu_view one, two;
    ENTER_GPU(device1, pathInfo != NULL, &one);
    ENTER_GPU(device2, true, &two);
    const struct gpu_place *first = &one.model->place[one.index], *second = &two.model->place[two.index];
    *pathInfo = one.index == two.index ? 0 /* internal */
              : first->numa == second->numa ? one.model->same_numa_level : 50 /* system */;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t device1, nvmlDevice_t device2, uint32_t p2pIndex, uint32_t *p2pStatus)
{
    struct gpu_view one, two;
    ENTER_GPU(device1, p2pStatus != NULL, &one);
    ENTER_GPU(device2, true, &two);
    if (p2pIndex > 4 || one.index == two.index) return NVML_ERROR_INVALID_ARGUMENT;
    enum { NVLINK = 2, OK = 0, NOT_SUPPORTED = 5 };
    *p2pStatus = p2pIndex == NVLINK && one.model->links == 0 ? NOT_SUPPORTED : OK;
    return NVML_SUCCESS;
}
