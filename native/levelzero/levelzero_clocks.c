/* Frequencies and power. Figures that the node's files show too are theirs. */
#include "levelzero_library.h"

enum { LOWEST_MHZ = 300, BY_TILE_MHZ = 100 };
enum { DOMAIN_GPU = 0, DOMAIN_MEMORY = 1, DOMAIN_MEDIA = 2 };

/* Two domains a tile: the GPU's, and that of the memory or under xe of the media engines. */
static int32_t domain_of(const struct lz_view *gpu)
{
    return gpu->index % 2 == 0 ? DOMAIN_GPU : gpu->model->xe ? DOMAIN_MEDIA : DOMAIN_MEMORY;
}

/* The second clock of the files is 100 MHz below the first: tile 1 of an i915, the media GT of xe. */
static double below(const struct lz_view *gpu) { return gpu->model->xe ? BY_TILE_MHZ * (gpu->index % 2) : BY_TILE_MHZ * gpu->tile; }

static struct zes_freq_range range_of(const struct lz_view *gpu)
{
    const double memory = gpu->model->clock_memory;
    if (domain_of(gpu) == DOMAIN_MEMORY) return (struct zes_freq_range){ memory, memory };
    return (struct zes_freq_range){ LOWEST_MHZ, 1600 - below(gpu) };
}

EXPORT ze_result zesFrequencyGetProperties(ze_handle frequency, struct zes_freq_properties *properties)
{
    struct lz_view gpu;
    ENTER(frequency, LZ_FREQUENCY, properties, STYPE_FREQUENCY, LZ_CACHED, &gpu);
    const struct zes_freq_range range = range_of(&gpu);
    properties->type = lies(&gpu, LIES_ENUM) ? 99 : domain_of(&gpu);
    properties->onSubdevice = gpu.on_tile;
    properties->subdeviceId = gpu.tile;
    properties->canControl = domain_of(&gpu) == DOMAIN_GPU;
    properties->isThrottleEventSupported = 1;
    properties->min = range.min;
    properties->max = range.max;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFrequencyGetRange(ze_handle frequency, struct zes_freq_range *range)
{
    struct lz_view gpu;
    ENTER(frequency, LZ_FREQUENCY, range, 0, LZ_TELEMETRY, &gpu);
    *range = range_of(&gpu);
    return ZE_SUCCESS;
}

EXPORT ze_result zesFrequencyGetState(ze_handle frequency, struct zes_freq_state *state)
{
    struct lz_view gpu;
    ENTER(frequency, LZ_FREQUENCY, state, STYPE_FREQUENCY_STATE, LZ_TELEMETRY, &gpu);
    const struct zes_freq_range range = range_of(&gpu);
    const bool memory = domain_of(&gpu) == DOMAIN_MEMORY;
    const double usual = memory ? range.max : gpu.state.clock != SIM_UNSET ? gpu.state.clock : 1400 - below(&gpu);
    state->currentVoltage = 0.82;
    state->request = memory ? range.max : 1500 - below(&gpu);
    state->tdp = range.max;
    state->efficient = memory ? range.max : 800;
    state->actual = lies(&gpu, LIES_ABSURD) ? -1e12 : usual;
    state->throttleReasons = memory ? 0 : gpu.state.throttle;
    if (lies(&gpu, LIES_ENUM)) state->throttleReasons |= 0x40000000;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFrequencyGetThrottleTime(ze_handle frequency, struct zes_freq_throttle_time *time)
{
    struct lz_view gpu;
    ENTER(frequency, LZ_FREQUENCY, time, 0, LZ_TELEMETRY, &gpu);
    if (domain_of(&gpu) != DOMAIN_GPU) return ZE_UNSUPPORTED_FEATURE;
    time->throttleTime = (uint64_t)intel_throttled_ns(&gpu.state, gpu.now) / 1000;
    time->timestamp = lz_microseconds(gpu.now);
    return ZE_SUCCESS;
}

/* Domain 0 is the card; the others are its tiles, or under xe its package. */
static int32_t limit_mw(const struct lz_view *gpu)
{
    const int32_t whole = (int32_t)gpu->model->power_limit * 1000;
    return gpu->on_tile ? whole / (int32_t)gpu->model->tiles : whole;
}

EXPORT ze_result zesPowerGetProperties(ze_handle power, struct zes_power_properties *properties)
{
    struct lz_view gpu;
    ENTER(power, LZ_POWER, properties, STYPE_POWER, LZ_CACHED, &gpu);
    properties->onSubdevice = gpu.on_tile;
    properties->subdeviceId = gpu.tile;
    properties->canControl = 0;
    properties->isEnergyThresholdSupported = 0;
    properties->defaultLimit = properties->maxLimit = limit_mw(&gpu);
    properties->minLimit = (int32_t)gpu.model->power_idle * 1000;
    if (lies(&gpu, LIES_ABSURD)) properties->maxLimit = INT32_MIN;
    return ZE_SUCCESS;
}

EXPORT ze_result zesDeviceGetCardPowerDomain(ze_handle device, ze_handle *power)
{
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, power, 0, LZ_CACHED, &gpu);
    *power = lz_handle(LZ_POWER, gpu.slot, 0);
    return ZE_SUCCESS;
}

EXPORT ze_result zesPowerGetEnergyCounter(ze_handle power, struct zes_power_energy_counter *counter)
{
    struct lz_view gpu;
    ENTER(power, LZ_POWER, counter, 0, LZ_TELEMETRY, &gpu);
    const uint64_t card = intel_energy_uj(&gpu.state, gpu.now);
    counter->energy = lies(&gpu, LIES_ABSURD) ? UINT64_MAX : gpu.index == 0 ? card : gpu.on_tile ? card / 3 : card / 2;
    counter->timestamp = lz_microseconds(gpu.now);
    return ZE_SUCCESS;
}

/* Every pointer may be NULL; no board has a burst or a peak limit. */
EXPORT ze_result zesPowerGetLimits(ze_handle power, struct zes_power_sustained_limit *sustained, struct zes_power_burst_limit *burst, struct zes_power_peak_limit *peak)
{
    struct lz_view gpu;
    ENTER(power, LZ_POWER, "", 0, LZ_TELEMETRY, &gpu);
    if (sustained != NULL) *sustained = (struct zes_power_sustained_limit){ .enabled = 1, .power = limit_mw(&gpu), .interval = 28 };
    if (burst != NULL) *burst = (struct zes_power_burst_limit){ .enabled = 0, .power = -1 };
    if (peak != NULL) *peak = (struct zes_power_peak_limit){ .powerAC = -1, .powerDC = -1 };
    return ZE_SUCCESS;
}

EXPORT ze_result zesPowerGetLimitsExt(ze_handle power, uint32_t *count, struct zes_power_limit_ext_desc *rows)
{
    enum { SUSTAINED = 1, ANY_SOURCE = 0, UNIT_POWER = 2 };
    struct lz_view gpu;
    ENTER(power, LZ_POWER, count, 0, LZ_TELEMETRY, &gpu);
    if (lz_rows(count, 1, rows) == 0) return ZE_SUCCESS;
    rows->level = lies(&gpu, LIES_ENUM) ? 99 : SUSTAINED;
    rows->source = ANY_SOURCE;
    rows->limitUnit = UNIT_POWER;
    rows->enabled = rows->enabledStateLocked = rows->intervalValueLocked = rows->limitValueLocked = 1;
    rows->interval = 28;
    rows->limit = limit_mw(&gpu);
    return ZE_SUCCESS;
}
