/* Memory of a GPU and of a MIG device (NVML: Device Queries). */
#include "library.h"

struct memory { uint64_t total, reserved, used; };

/* The processes' memory where a scenario names processes; else work takes it in proportion to utilisation, in steps of 1 MiB. */
static struct memory memory_of(const struct gpu_view *gpu)
{
    struct memory memory = { .total = gpu->model->memory_bytes, .reserved = gpu->model->reserved_bytes };
    if (gpu->gi != UINT32_MAX) {
        const struct mig_profile *profile = gpu->state.mig.instance[gpu->gi].profile;
        memory.total = profile->memory_mb << 20;
        memory.reserved = gpu->model->reserved_bytes / MIG_MEMORY_SLICES * profile->memory_slices >> 20 << 20;
    }
    uint64_t most = memory.total - memory.reserved;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *process = &gpu->state.process[i];
        if (sim_process_runs(process) && (gpu->gi == UINT32_MAX || process->gi == gpu->gi)) memory.used += process->memory;
    }
    if (sim_process_count(&gpu->state) == 0) memory.used = most / 100 * sim_utilization(gpu->slot, &gpu->state, gpu->now) * 9 / 10 >> 20 << 20;
    if (memory.used > most) memory.used = most;
    return memory;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory)
{
    struct gpu_view gpu;
    ENTER_ANY(device, memory != NULL, &gpu);
    struct memory has = memory_of(&gpu);
    uint64_t used = has.reserved + has.used; /* the first layout counts reserved memory as used */
    *memory = (nvmlMemory_t){ .total = has.total, .free = has.total - used, .used = used };
    if (lies(&gpu, LIES_ABSURD)) *memory = (nvmlMemory_t){ .total = 1, .free = UINT64_MAX, .used = UINT64_MAX - 1 };
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory)
{
    struct gpu_view gpu;
    ENTER_ANY(device, memory != NULL, &gpu);
    CHECK_VERSION(&gpu, memory->version, VERSION_WORD(nvmlMemory_v2_t, 2));
    struct memory has = memory_of(&gpu);
    memory->total = has.total;
    memory->reserved = has.reserved;
    memory->used = lies(&gpu, LIES_ABSURD) ? UINT64_MAX : has.used;
    memory->free = memory->total - memory->reserved - has.used;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetBAR1MemoryInfo(nvmlDevice_t device, nvmlBAR1Memory_t *bar1Memory)
{
    struct gpu_view gpu;
    ENTER_ANY(device, bar1Memory != NULL, &gpu);
    uint64_t used = UINT64_C(2) << 20;
    *bar1Memory = (nvmlBAR1Memory_t){ .bar1Total = gpu.model->bar1_bytes, .bar1Free = gpu.model->bar1_bytes - used, .bar1Used = used };
    return NVML_SUCCESS;
}
