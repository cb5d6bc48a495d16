/* Memory, engines, temperatures, fans. Where the node's files tell the same, they tell the same figure. */
#include "levelzero_library.h"

static void place_on(const struct lz_view *gpu, uint8_t *onSubdevice, uint32_t *subdeviceId)
{
    *onSubdevice = gpu->on_tile;
    *subdeviceId = gpu->tile;
}

EXPORT ze_result zesMemoryGetProperties(ze_handle memory, struct zes_mem_properties *properties)
{
    enum { HBM = 0, GDDR6 = 17, ON_DEVICE = 1 };
    struct lz_view gpu;
    ENTER(memory, LZ_MEMORY, properties, STYPE_MEMORY, LZ_CACHED, &gpu);
    place_on(&gpu, &properties->onSubdevice, &properties->subdeviceId);
    properties->type = lies(&gpu, LIES_ENUM) ? 99 : gpu.model->hbm ? HBM : GDDR6;
    properties->location = ON_DEVICE;
    properties->physicalSize = gpu.model->memory_mb / gpu.model->tiles << 20;
    properties->busWidth = gpu.model->hbm ? 1024 : 192;
    properties->numChannels = gpu.model->hbm ? 8 : 6;
    return ZE_SUCCESS;
}

EXPORT ze_result zesMemoryGetState(ze_handle memory, struct zes_mem_state *state)
{
    struct lz_view gpu;
    ENTER(memory, LZ_MEMORY, state, STYPE_MEMORY_STATE, LZ_TELEMETRY, &gpu);
    const uint64_t used = unit_memory_used_mb(gpu.model, gpu.slot, &gpu.state, gpu.now);
    state->size = gpu.model->memory_mb / gpu.model->tiles << 20;
    state->free = ((gpu.model->memory_mb - (used < gpu.model->memory_mb ? used : gpu.model->memory_mb)) << 20) / gpu.model->tiles;
    state->health = lies(&gpu, LIES_ENUM) ? 55 : (int32_t)gpu.state.intel.memory_health;
    if (lies(&gpu, LIES_ABSURD)) state->free = UINT64_MAX;
    return ZE_SUCCESS;
}

/* Half of what it can while the GPU works, a third of that written. */
EXPORT ze_result zesMemoryGetBandwidth(ze_handle memory, struct zes_mem_bandwidth *bandwidth)
{
    struct lz_view gpu;
    ENTER(memory, LZ_MEMORY, bandwidth, 0, LZ_TELEMETRY, &gpu);
    const uint64_t most = gpu.model->hbm ? UINT64_C(1638400000000) : UINT64_C(456000000000);
    const double moved = intel_busy_s(gpu.slot, &gpu.state, gpu.now) * (double)most / 2;
    *bandwidth = (struct zes_mem_bandwidth){ .readCounter = (uint64_t)(moved * 2 / 3), .writeCounter = (uint64_t)(moved / 3), .maxBandwidth = most,
                                             .timestamp = lz_microseconds(gpu.now) };
    if (lies(&gpu, LIES_ABSURD)) bandwidth->readCounter = UINT64_MAX;
    return ZE_SUCCESS;
}

/* The groups of a tile by zes_engine_group_t: all, compute, media, copy. */
EXPORT ze_result zesEngineGetProperties(ze_handle engine, struct zes_engine_properties *properties)
{
    struct lz_view gpu;
    ENTER(engine, LZ_ENGINE, properties, STYPE_ENGINE, LZ_CACHED, &gpu);
    place_on(&gpu, &properties->onSubdevice, &properties->subdeviceId);
    properties->type = lies(&gpu, LIES_ENUM) ? 99 : (int32_t)(gpu.index % 4);
    return ZE_SUCCESS;
}

/* What works is compute; copying is a tenth of it, and media do nothing. */
static struct zes_engine_stats activity(const struct lz_view *gpu)
{
    static const double share[] = { 1, 1, 0, 0.1 };
    const double busy = intel_busy_s(gpu->slot, &gpu->state, gpu->now) * share[gpu->index % 4];
    return (struct zes_engine_stats){ .activeTime = lies(gpu, LIES_ABSURD) ? UINT64_MAX : (uint64_t)(busy * 1e6), .timestamp = lz_microseconds(gpu->now) };
}

EXPORT ze_result zesEngineGetActivity(ze_handle engine, struct zes_engine_stats *stats)
{
    struct lz_view gpu;
    ENTER(engine, LZ_ENGINE, stats, 0, LZ_TELEMETRY, &gpu);
    *stats = activity(&gpu);
    return ZE_SUCCESS;
}

/* The physical function's row, and none of virtual ones. */
EXPORT ze_result zesEngineGetActivityExt(ze_handle engine, uint32_t *count, struct zes_engine_stats *rows)
{
    struct lz_view gpu;
    ENTER(engine, LZ_ENGINE, count, 0, LZ_TELEMETRY, &gpu);
    if (lz_rows(count, 1, rows) > 0) rows[0] = activity(&gpu);
    return ZE_SUCCESS;
}

/* By zes_temp_sensors_t: the highest of all, the GPU, its memory. */
EXPORT ze_result zesTemperatureGetProperties(ze_handle sensor, struct zes_temp_properties *properties)
{
    struct lz_view gpu;
    ENTER(sensor, LZ_TEMPERATURE, properties, STYPE_TEMPERATURE, LZ_CACHED, &gpu);
    place_on(&gpu, &properties->onSubdevice, &properties->subdeviceId);
    properties->type = lies(&gpu, LIES_ENUM) ? 99 : (int32_t)(gpu.index % 3);
    properties->maxTemperature = gpu.model->shutdown_c;
    properties->isCriticalTempSupported = 1;
    properties->isThreshold1Supported = properties->isThreshold2Supported = 0;
    return ZE_SUCCESS;
}

EXPORT ze_result zesTemperatureGetState(ze_handle sensor, double *temperature)
{
    enum { USUAL = 52, MEMORY = 58 };
    struct lz_view gpu;
    ENTER(sensor, LZ_TEMPERATURE, temperature, 0, LZ_TELEMETRY, &gpu);
    const double core = gpu.state.temperature != SIM_UNSET ? gpu.state.temperature : USUAL, memory = MEMORY;
    const double readings[] = { core > memory ? core : memory, core, memory };
    *temperature = lies(&gpu, LIES_ABSURD) ? 1e9 : readings[gpu.index % 3];
    return ZE_SUCCESS;
}

enum { FAN_MOST_RPM = 3500, FAN_BY_RPM = 0, FAN_BY_PERCENT = 1 };

EXPORT ze_result zesFanGetProperties(ze_handle fan, struct zes_fan_properties *properties)
{
    struct lz_view gpu;
    ENTER(fan, LZ_FAN, properties, STYPE_FAN, LZ_CACHED, &gpu);
    place_on(&gpu, &properties->onSubdevice, &properties->subdeviceId);
    properties->canControl = 0;
    properties->supportedModes = 1;
    properties->supportedUnits = 3;
    properties->maxRPM = FAN_MOST_RPM;
    properties->maxPoints = -1;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFanGetState(ze_handle fan, int32_t units, int32_t *speed)
{
    static const int32_t rpm[] = { 1800, 2100 };
    struct lz_view gpu;
    ENTER(fan, LZ_FAN, speed, 0, LZ_TELEMETRY, &gpu);
    if (units != FAN_BY_RPM && units != FAN_BY_PERCENT) return ZE_INVALID_ENUMERATION;
    *speed = units == FAN_BY_RPM ? rpm[gpu.index] : rpm[gpu.index] * 100 / FAN_MOST_RPM;
    if (lies(&gpu, LIES_ABSURD)) *speed = INT32_MIN;
    return ZE_SUCCESS;
}
