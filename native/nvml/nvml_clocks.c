/* Clocks, what lowers them, and for how long it did (NVML: Device Queries). */
#include "library.h"

/* MHz by nvmlClockType_t: graphics, SM, memory, video. 0: no such clock. */
static unsigned max_clock(const struct gpu_model *model, uint32_t type)
{
    const unsigned clocks[] = { model->clock_graphics, model->clock_graphics, model->clock_memory, model->clock_video };
    return type < sizeof clocks / sizeof clocks[0] ? clocks[type] : 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetMaxClockInfo(nvmlDevice_t device, uint32_t type, unsigned *clock)
{
    struct gpu_view gpu;
    ENTER_GPU(device, clock != NULL, &gpu);
    unsigned highest = max_clock(gpu.model, type);
    if (highest == 0) return NVML_ERROR_INVALID_ARGUMENT;
    *clock = highest;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetClockInfo(nvmlDevice_t device, uint32_t type, unsigned *clock)
{
    struct gpu_view gpu;
    ENTER_GPU(device, clock != NULL, &gpu);
    unsigned highest = max_clock(gpu.model, type);
    if (highest == 0) return NVML_ERROR_INVALID_ARGUMENT;
    enum { MEMORY = 2 };
    if (lies(&gpu, LIES_ABSURD)) return *clock = UINT32_MAX, NVML_SUCCESS;
    if (type < MEMORY && gpu.state.clock != SIM_UNSET) return *clock = (unsigned)gpu.state.clock, NVML_SUCCESS;
    unsigned busy = sim_utilization(gpu.slot, &gpu.state, gpu.now);
    unsigned usual = type == MEMORY || busy > 0 ? highest : highest / 6;
    const uint64_t slowing = 0x4 | 0x8 | 0x20 | 0x40 | 0x80; /* clock-event reasons: caps, slowdowns, brake */
    *clock = (gpu.state.throttle & slowing) != 0 && type != MEMORY ? usual / 2 : usual;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetPerformanceState(nvmlDevice_t device, uint32_t *pState)
{
    struct gpu_view gpu;
    ENTER_GPU(device, pState != NULL, &gpu);
    /* Data centre boards with persistence mode stay in P0 unless the scenario says otherwise. */
    *pState = lies(&gpu, LIES_ENUM) ? 0x5aa5 : gpu.state.pstate;
    return NVML_SUCCESS;
}

static nvmlReturn_t clock_reasons(const char *symbol, nvmlDevice_t device, uint64_t *reasons)
{
    struct gpu_view gpu;
    nvmlReturn_t result = library_enter_gpu(symbol, device, reasons != NULL, &gpu);
    if (result != NVML_SUCCESS) return result;
    enum { IDLE = 1 };
    bool idle = gpu.state.throttle == 0 && sim_utilization(gpu.slot, &gpu.state, gpu.now) == 0;
    *reasons = lies(&gpu, LIES_ENUM) ? UINT64_C(1) << 60 : idle ? IDLE : gpu.state.throttle;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksEventReasons(nvmlDevice_t device, uint64_t *clocksEventReasons)
{
    return clock_reasons(__func__, device, clocksEventReasons);
}

EXPORT nvmlReturn_t nvmlDeviceGetCurrentClocksThrottleReasons(nvmlDevice_t device, uint64_t *clocksThrottleReasons)
{
    return clock_reasons(__func__, device, clocksThrottleReasons);
}

/* Which reasons, as bits, a policy stands for (NVML: nvmlPerfPolicyType_t). */
static uint64_t reasons_of(uint32_t policy)
{
    switch (policy) {
    case 0: return 0x4 | 0x80;   /* power */
    case 1: return 0x20 | 0x40;  /* thermal */
    case 2: return 0x10;         /* sync boost */
    case 3: return 0x8;          /* board limit */
    case 4: return 0x1;          /* low utilisation */
    case 10: return 0x2;         /* application clocks */
    default: return 0;
    }
}

int64_t violation_ns(const struct gpu_view *gpu, uint32_t policy)
{
    int64_t most = 0; /* of reasons that overlap, the longest */
    for (unsigned bit = 0; bit < SIM_REASONS; bit++) {
        int64_t time = (reasons_of(policy) >> bit & 1) != 0 ? sim_throttled(&gpu->state, bit, gpu->now) : 0;
        most = time > most ? time : most;
    }
    return most;
}

EXPORT nvmlReturn_t nvmlDeviceGetViolationStatus(nvmlDevice_t device, uint32_t perfPolicyType, nvmlViolationTime_t *violTime)
{
    struct gpu_view gpu;
    ENTER_GPU(device, violTime != NULL && (perfPolicyType <= 5 || perfPolicyType == 10 || perfPolicyType == 11), &gpu);
    violTime->referenceTime = (uint64_t)(library.clock.epoch + gpu.now) / 1000;
    violTime->violationTime = lies(&gpu, LIES_ABSURD) ? UINT64_MAX : (uint64_t)violation_ns(&gpu, perfPolicyType);
    return NVML_SUCCESS;
}
