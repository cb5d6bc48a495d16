/* What runs on a GPU (NVML: Device Queries, Accounting Statistics). On a divided GPU the ids of the instances say where. */
#define _GNU_SOURCE
#include "library.h"

enum { COMPUTE, GRAPHICS, MPS, ALL };

/* Whether a process is among those asked for: of a mode, and for a MIG device those of its instances. */
static bool is_asked(const struct gpu_view *gpu, const struct sim_process *process, unsigned mode)
{
    if (!sim_process_runs(process) || (mode != ALL && process->mode != mode)) return false;
    return gpu->gi == UINT32_MAX || (process->gi == gpu->gi && process->ci == gpu->ci);
}

static unsigned count_of(const struct gpu_view *gpu, unsigned mode)
{
    unsigned count = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) count += is_asked(gpu, &gpu->state.process[i], mode);
    return count;
}

/* Asked with room for none: the count, and 7 unless it is 0 (NVML: the two-call pattern of these functions). */
static nvmlReturn_t list(const char *symbol, nvmlDevice_t device, unsigned mode, unsigned *infoCount, void *infos, bool first_layout)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_any(symbol, device, infoCount != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    unsigned room = *infoCount, count = 0;
    *infoCount = count_of(&gpu, mode);
    if (*infoCount > room) return NVML_ERROR_INSUFFICIENT_SIZE;
    if (*infoCount > 0 && infos == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *process = &gpu.state.process[i];
        if (!is_asked(&gpu, process, mode)) continue;
        uint64_t memory = lies(&gpu, LIES_ABSURD) ? UINT64_MAX - 1 : process->memory;
        if (first_layout) ((nvmlProcessInfo_v1_t *)infos)[count++] = (nvmlProcessInfo_v1_t){ process->pid, memory };
        else ((nvmlProcessInfo_t *)infos)[count++] = (nvmlProcessInfo_t){ process->pid, memory, process->gi, process->ci };
    }
    return NVML_SUCCESS;
}

#define LIST(name, mode, first) \
    EXPORT nvmlReturn_t name(nvmlDevice_t device, unsigned *infoCount, void *infos) { return list(__func__, device, mode, infoCount, infos, first); }
LIST(nvmlDeviceGetComputeRunningProcesses, COMPUTE, true)
LIST(nvmlDeviceGetComputeRunningProcesses_v2, COMPUTE, false)
LIST(nvmlDeviceGetComputeRunningProcesses_v3, COMPUTE, false)
LIST(nvmlDeviceGetGraphicsRunningProcesses, GRAPHICS, true)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, GRAPHICS, false)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, GRAPHICS, false)
LIST(nvmlDeviceGetMPSComputeRunningProcesses, MPS, true)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, MPS, false)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, MPS, false)

EXPORT nvmlReturn_t nvmlDeviceGetRunningProcessDetailList(nvmlDevice_t device, nvmlProcessDetailList_v1_t *plist)
{
    struct gpu_view gpu;
    ENTER_ANY(device, plist != NULL, &gpu);
    CHECK_VERSION(&gpu, plist->version, VERSION_WORD(nvmlProcessDetailList_v1_t, 1));
    if (plist->mode > ALL) return NVML_ERROR_INVALID_ARGUMENT;
    unsigned room = plist->numProcArrayEntries, count = 0;
    plist->numProcArrayEntries = count_of(&gpu, plist->mode);
    if (plist->numProcArrayEntries > room) return NVML_ERROR_INSUFFICIENT_SIZE;
    if (plist->numProcArrayEntries > 0 && plist->procArray == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *process = &gpu.state.process[i];
        if (is_asked(&gpu, process, plist->mode))
            plist->procArray[count++] = (nvmlProcessDetail_v1_t){ process->pid, process->memory, process->gi, process->ci, 0 };
    }
    return NVML_SUCCESS;
}

/* The share of each process: equal parts of what the GPU does. */
static unsigned share(const struct gpu_view *gpu)
{
    unsigned count = sim_process_count(&gpu->state);
    return count > 0 ? sim_utilization(gpu->slot, &gpu->state, gpu->now) / count : 0;
}

/* One sample each process and second; us of the CPU's clock. */
static uint64_t sample_time(const struct gpu_view *gpu)
{
    return (uint64_t)(library.clock.epoch + gpu->now) / 1000000000 * 1000000;
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *utilization,
                                                    unsigned *processSamplesCount, uint64_t lastSeenTimeStamp)
{
    struct gpu_view gpu;
    ENTER_GPU(device, processSamplesCount != NULL, &gpu);
    if (gpu.state.mig.enabled) return NVML_ERROR_NOT_SUPPORTED;
    unsigned count = count_of(&gpu, ALL), room = *processSamplesCount;
    if (utilization == NULL) {
        *processSamplesCount = count;
        return count > 0 ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
    }
    *processSamplesCount = 0;
    if (count == 0 || sample_time(&gpu) <= lastSeenTimeStamp) return NVML_ERROR_NOT_FOUND;
    if (room < count) return *processSamplesCount = count, NVML_ERROR_INSUFFICIENT_SIZE;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (is_asked(&gpu, &gpu.state.process[i], ALL))
            utilization[(*processSamplesCount)++] = (nvmlProcessUtilizationSample_t){
                .pid = gpu.state.process[i].pid, .timeStamp = sample_time(&gpu), .smUtil = share(&gpu), .memUtil = share(&gpu) / 2 };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetProcessesUtilizationInfo(nvmlDevice_t device, nvmlProcessesUtilizationInfo_v1_t *info)
{
    struct gpu_view gpu;
    ENTER_GPU(device, info != NULL, &gpu);
    CHECK_VERSION(&gpu, info->version, VERSION_WORD(nvmlProcessesUtilizationInfo_v1_t, 1));
    if (gpu.state.mig.enabled) return NVML_ERROR_NOT_SUPPORTED;
    unsigned count = count_of(&gpu, ALL), room = info->processSamplesCount;
    info->processSamplesCount = count;
    if (info->procUtilArray == NULL || room < count) return count > 0 ? NVML_ERROR_INSUFFICIENT_SIZE : NVML_SUCCESS;
    if (count == 0 || sample_time(&gpu) <= info->lastSeenTimeStamp) return info->processSamplesCount = 0, NVML_ERROR_NOT_FOUND;
    unsigned at = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (is_asked(&gpu, &gpu.state.process[i], ALL))
            info->procUtilArray[at++] = (nvmlProcessUtilizationInfo_v1_t){
                .pid = gpu.state.process[i].pid, .timeStamp = sample_time(&gpu), .smUtil = share(&gpu), .memUtil = share(&gpu) / 2 };
    return NVML_SUCCESS;
}
