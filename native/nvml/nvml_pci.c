/* PCI, NUMA and the paths between GPUs (NVML: Device Queries). */
#define _GNU_SOURCE
#include "library.h"

#include <stdio.h>
#include <time.h>

EXPORT nvmlReturn_t nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *pci)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pci != NULL, &gpu);
    const struct gpu_place *place = &gpu.node->place[gpu.slot];
    *pci = (nvmlPciInfo_t){ .domain = place->domain, .bus = place->bus, .pciDeviceId = gpu.model->pci_device,
                            .pciSubSystemId = gpu.model->pci_subsystem };
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04X:%02X:00.0", place->domain & 0xffff, place->bus & 0xff);
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:00.0", place->domain, place->bus);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPciInfoExt(nvmlDevice_t device, nvmlPciInfoExt_v1_t *pci)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pci != NULL, &gpu);
    CHECK_VERSION(&gpu, pci->version, VERSION_WORD(nvmlPciInfoExt_v1_t, 1));
    const struct gpu_place *place = &gpu.node->place[gpu.slot];
    enum { DISPLAY = 3, CONTROLLER_3D = 2 };
    *pci = (nvmlPciInfoExt_v1_t){ .version = pci->version, .domain = place->domain, .bus = place->bus, .pciDeviceId = gpu.model->pci_device,
                                  .pciSubSystemId = gpu.model->pci_subsystem, .baseClass = DISPLAY, .subClass = CONTROLLER_3D };
    snprintf(pci->busId, sizeof pci->busId, "%08X:%02X:00.0", place->domain, place->bus);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrPcieLinkGeneration(nvmlDevice_t device, unsigned *generation)
{
    struct gpu_view gpu;
    ENTER_GPU(device, generation != NULL, &gpu);
    /* An idle GPU lowers its link by design. */
    *generation = sim_utilization(gpu.slot, &gpu.state, gpu.now) > 0 ? gpu.model->pcie_generation : 1;
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
    *value = lies(&gpu, LIES_ABSURD) ? UINT32_MAX : (unsigned)gpu.state.pcie_errors[0];
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetGpuMaxPcieLinkGeneration(nvmlDevice_t device, unsigned *maxLinkGenDevice)
{
    struct gpu_view gpu;
    ENTER_GPU(device, maxLinkGenDevice != NULL, &gpu);
    *maxLinkGenDevice = gpu.model->pcie_generation;
    return NVML_SUCCESS;
}

uint64_t pcie_bytes(const struct gpu_view *gpu, bool received)
{
    double seconds = (double)(gpu->now - gpu->state.counting_since) / 1e9;
    return (uint64_t)(seconds * (received ? 3e9 : 1e9)) / (gpu->model->pcie_generation < 5 ? 2 : 1);
}

/* The driver counts over a window: the call takes so long (NVML: nvmlDeviceGetPcieThroughput). KB/s. */
EXPORT nvmlReturn_t nvmlDeviceGetPcieThroughput(nvmlDevice_t device, uint32_t counter, unsigned *value)
{
    struct gpu_view gpu;
    ENTER_GPU(device, value != NULL && counter <= 1, &gpu);
    nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
    unsigned busy = sim_utilization(gpu.slot, &gpu.state, gpu.now);
    enum { RECEIVED = 1 };
    *value = busy * (counter == RECEIVED ? 30000u : 10000u) / (gpu.model->pcie_generation < 5 ? 2 : 1);
    return NVML_SUCCESS;
}
