/* NUMA and the paths between GPUs (NVML: Device Queries, CPU and Memory Affinity). */
#include "library.h"

#include <string.h>

static unsigned level_between(const struct node_model *node, unsigned slot1, unsigned slot2)
{
    const struct gpu_place *first = &node->place[slot1], *second = &node->place[slot2];
    return slot1 == slot2 ? 0 /* internal */ : first->numa == second->numa ? node->same_numa_level : 50 /* system */;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyCommonAncestor(nvmlDevice_t device1, nvmlDevice_t device2, uint32_t *pathInfo)
{
    struct gpu_view one, two;
    ENTER_GPU(device1, pathInfo != NULL, &one);
    ENTER_GPU(device2, true, &two);
    *pathInfo = level_between(one.node, one.slot, two.slot);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetP2PStatus(nvmlDevice_t device1, nvmlDevice_t device2, uint32_t p2pIndex, uint32_t *p2pStatus)
{
    struct gpu_view one, two;
    ENTER_GPU(device1, p2pStatus != NULL, &one);
    ENTER_GPU(device2, true, &two);
    if (p2pIndex > 4 || one.slot == two.slot) return NVML_ERROR_INVALID_ARGUMENT;
    enum { NVLINK = 2, OK = 0, NOT_SUPPORTED = 5 };
    *p2pStatus = p2pIndex == NVLINK && one.model->links == 0 ? NOT_SUPPORTED : OK;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetTopologyNearestGpus(nvmlDevice_t device, uint32_t level, unsigned *count, nvmlDevice_t *deviceArray)
{
    struct gpu_view gpu;
    ENTER_GPU(device, count != NULL && level <= 50, &gpu);
    unsigned room = *count, found = 0;
    pthread_mutex_lock(&library.lock);
    for (unsigned slot = 0; slot < gpu.node->gpus; slot++) {
        if (slot == gpu.slot || !sim_present(&library.state.gpu[slot]) || level_between(gpu.node, gpu.slot, slot) > level) continue;
        if (deviceArray != NULL && found < room) deviceArray[found] = library_handle(slot);
        found++;
    }
    library_unlock();
    *count = deviceArray != NULL && found > room ? room : found;
    return NVML_SUCCESS;
}

/* Sets the bits first..first+count-1 of what an array of 64-bit words has room for. */
static void set_bits(uint64_t *words, unsigned size, unsigned first, unsigned count)
{
    memset(words, 0, size * sizeof *words);
    for (unsigned bit = first; bit < first + count && bit < size * 64; bit++) words[bit / 64] |= UINT64_C(1) << bit % 64;
}

static nvmlReturn_t cpus(const char *symbol, nvmlDevice_t device, unsigned size, uint64_t *set, uint32_t scope)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_gpu(symbol, device, set != NULL && size > 0 && scope <= 1, &gpu);
    if (result != NVML_SUCCESS) return result;
    unsigned each = gpu.node->cpus_per_numa, per_socket = each * gpu.node->numa_nodes / gpu.node->sockets;
    enum { SOCKET = 1 };
    if (scope == SOCKET) set_bits(set, size, gpu.node->place[gpu.slot].socket * per_socket, per_socket);
    else set_bits(set, size, (unsigned)gpu.node->place[gpu.slot].numa * each, each);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinity(nvmlDevice_t device, unsigned cpuSetSize, uint64_t *cpuSet)
{
    return cpus(__func__, device, cpuSetSize, cpuSet, 0);
}

EXPORT nvmlReturn_t nvmlDeviceGetCpuAffinityWithinScope(nvmlDevice_t device, unsigned cpuSetSize, uint64_t *cpuSet, uint32_t scope)
{
    return cpus(__func__, device, cpuSetSize, cpuSet, scope);
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryAffinity(nvmlDevice_t device, unsigned nodeSetSize, uint64_t *nodeSet, uint32_t scope)
{
    struct gpu_view gpu;
    ENTER_GPU(device, nodeSet != NULL && nodeSetSize > 0 && scope <= 1, &gpu);
    unsigned per_socket = gpu.node->numa_nodes / gpu.node->sockets;
    enum { SOCKET = 1 };
    if (scope == SOCKET) set_bits(nodeSet, nodeSetSize, gpu.node->place[gpu.slot].socket * per_socket, per_socket);
    else set_bits(nodeSet, nodeSetSize, (unsigned)gpu.node->place[gpu.slot].numa, 1);
    return NVML_SUCCESS;
}

/* Only where the GPU's memory is a NUMA node of the host. */
EXPORT nvmlReturn_t nvmlDeviceGetNumaNodeId(nvmlDevice_t device, unsigned *node)
{
    struct gpu_view gpu;
    ENTER_GPU(device, node != NULL, &gpu);
    if (gpu.node->first_gpu_numa == 0) return NVML_ERROR_NOT_SUPPORTED;
    *node = gpu.node->first_gpu_numa + gpu.slot * 8; /* each GPU has eight, for the instances it can be divided into */
    return NVML_SUCCESS;
}
