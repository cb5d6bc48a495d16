#include "mig_instance.h"

/* As with devices, the place of a handle says what it means. */
static struct nvmlGpuInstance_st { char place; } gpu_instances[SIM_MAX_GPUS * MIG_INSTANCES];
static struct nvmlComputeInstance_st { char place; } compute_instances[SIM_MAX_GPUS * MIG_INSTANCES * MIG_SLICES];

nvmlGpuInstance_t gpu_instance_handle(unsigned slot, unsigned gi) { return &gpu_instances[slot * MIG_INSTANCES + gi]; }

nvmlComputeInstance_t compute_instance_handle(unsigned slot, unsigned gi, unsigned ci)
{
    return &compute_instances[(slot * MIG_INSTANCES + gi) * MIG_SLICES + ci];
}

static nvmlReturn_t enter_place(const char *symbol, uintptr_t place, uintptr_t most, bool arguments, unsigned per_gpu, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter(symbol, arguments && place < most);
    if (result != NVML_SUCCESS) return result;
    return library_enter_gpu(symbol, library_handle((unsigned)(place / per_gpu)), true, gpu);
}

nvmlReturn_t enter_gpu_instance(const char *symbol, nvmlGpuInstance_t instance, bool arguments, struct gpu_view *gpu)
{
    uintptr_t place = (uintptr_t)instance - (uintptr_t)gpu_instances;
    nvmlReturn_t result = enter_place(symbol, place, sizeof gpu_instances, arguments, MIG_INSTANCES, gpu);
    if (result != NVML_SUCCESS) return result;
    gpu->gi = (uint32_t)(place % MIG_INSTANCES);
    return gpu->state.mig.instance[gpu->gi].profile != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t enter_compute_instance(const char *symbol, nvmlComputeInstance_t instance, bool arguments, struct gpu_view *gpu)
{
    uintptr_t place = (uintptr_t)instance - (uintptr_t)compute_instances;
    nvmlReturn_t result = enter_place(symbol, place, sizeof compute_instances, arguments, MIG_INSTANCES * MIG_SLICES, gpu);
    if (result != NVML_SUCCESS) return result;
    gpu->gi = (uint32_t)(place / MIG_SLICES % MIG_INSTANCES);
    gpu->ci = (uint32_t)(place % MIG_SLICES);
    return mig_has_compute(&gpu->state.mig, gpu->gi, gpu->ci) ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

nvmlReturn_t enter_divided(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *gpu)
{
    nvmlReturn_t result = library_enter_gpu(symbol, device, arguments, gpu);
    return result == NVML_SUCCESS && !gpu->state.mig.enabled ? NVML_ERROR_NOT_SUPPORTED : result;
}

bool instance_in_use(const struct gpu_view *gpu, unsigned gi, uint32_t ci)
{
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *process = &gpu->state.process[i];
        if (sim_process_runs(process) && process->gi == gi && (ci == UINT32_MAX || process->ci == ci)) return true;
    }
    return false;
}
