/* What processes used, those that ended included (NVML: Accounting Statistics). The mode is always on. */
#include "library.h"

EXPORT nvmlReturn_t nvmlDeviceGetAccountingMode(nvmlDevice_t device, nvmlEnableState_t *mode)
{
    struct gpu_view gpu;
    ENTER_GPU(device, mode != NULL, &gpu);
    *mode = 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingBufferSize(nvmlDevice_t device, unsigned *bufferSize)
{
    struct gpu_view gpu;
    ENTER_GPU(device, bufferSize != NULL, &gpu);
    *bufferSize = SIM_MAX_PROCESSES;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingPids(nvmlDevice_t device, unsigned *count, unsigned *pids)
{
    struct gpu_view gpu;
    ENTER_GPU(device, count != NULL, &gpu);
    unsigned found = 0, room = *count;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) found += gpu.state.process[i].pid != 0;
    *count = found;
    if (found > room) return NVML_ERROR_INSUFFICIENT_SIZE;
    if (found > 0 && pids == NULL) return NVML_ERROR_INVALID_ARGUMENT;
    found = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (gpu.state.process[i].pid != 0) pids[found++] = gpu.state.process[i].pid;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetAccountingStats(nvmlDevice_t device, unsigned pid, nvmlAccountingStats_t *stats)
{
    struct gpu_view gpu;
    ENTER_GPU(device, stats != NULL && pid != 0, &gpu);
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *process = &gpu.state.process[i];
        if (process->pid != pid) continue;
        bool runs = sim_process_runs(process);
        *stats = (nvmlAccountingStats_t){
            .gpuUtilization = sim_utilization(gpu.slot, &gpu.state, runs ? gpu.now : process->until),
            .maxMemoryUsage = process->memory, .isRunning = runs,
            .time = runs ? 0 : (uint64_t)(process->until - process->since) / 1000000, /* ms; 0 while it runs */
            .startTime = (uint64_t)(library.clock.epoch + process->since) / 1000,
        };
        stats->memoryUtilization = stats->gpuUtilization / 2;
        return NVML_SUCCESS;
    }
    return NVML_ERROR_NOT_FOUND;
}
