/* Start, drivers and GPUs. There is no call that ends it. */
#define _GNU_SOURCE
#include "levelzero_library.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The agent marks a node whose library has this symbol as simulated. */
EXPORT int aiinfraSimulator(void) { return 1; }

static bool core_started;

/* The way before zesInit: the core API's start opens Sysman too, and its handles are Sysman's. */
static bool old_way(void)
{
    const char *value = getenv("ZES_ENABLE_SYSMAN");
    return value != NULL && strcmp(value, "1") == 0;
}

/* A node without a GPU of Intel has no driver that could start. */
static ze_result start(const char *symbol, uint32_t flags, uint32_t known, bool sysman)
{
    if (!library_take(symbol, true)) return ZE_UNSUPPORTED_FEATURE;
    const int64_t latency = library.references == 0 ? library.scenario->init_latency : 0;
    const bool driver = lz_units() > 0;
    library_unlock();
    if ((flags & ~known) != 0) return ZE_INVALID_ENUMERATION;
    nanosleep(&(struct timespec){ .tv_sec = latency / 1000000000, .tv_nsec = latency % 1000000000 }, NULL);
    if (levelzero_build.init != ZE_SUCCESS || !driver) return ZE_UNINITIALIZED;
    pthread_mutex_lock(&library.lock);
    core_started = core_started || !sysman || old_way();
    if (sysman && library.references == 0) library.references = 1;
    library_unlock();
    return ZE_SUCCESS;
}

EXPORT ze_result zesInit(uint32_t flags) { return start(__func__, flags, 0, true); }
EXPORT ze_result zeInit(uint32_t flags) { return start(__func__, flags, 3, old_way()); }

/* One driver. A handle of the core API is of no use to Sysman that was started by zesInit. */
static ze_result give_driver(const char *symbol, uint32_t *count, ze_handle *drivers, bool core)
{
    if (!library_take(symbol, false)) return ZE_UNSUPPORTED_FEATURE;
    const bool started = core ? core_started : library.references > 0;
    library_unlock();
    if (!started) return ZE_UNINITIALIZED;
    if (count == NULL) return ZE_NULL_POINTER;
    if (lz_rows(count, 1, drivers) > 0) drivers[0] = lz_handle(core && !old_way() ? LZ_CORE_DRIVER : LZ_DRIVER, 0, 0);
    return ZE_SUCCESS;
}

EXPORT ze_result zesDriverGet(uint32_t *count, ze_handle *drivers) { return give_driver(__func__, count, drivers, false); }
EXPORT ze_result zeDriverGet(uint32_t *count, ze_handle *drivers) { return give_driver(__func__, count, drivers, true); }

EXPORT ze_result zeDriverGetApiVersion(ze_handle driver, int32_t *version)
{
    if (!library_take(__func__, false)) return ZE_UNSUPPORTED_FEATURE;
    const bool started = core_started;
    library_unlock();
    if (!started) return ZE_UNINITIALIZED;
    if (driver != lz_handle(old_way() ? LZ_DRIVER : LZ_CORE_DRIVER, 0, 0)) return ZE_NULL_HANDLE;
    if (version == NULL) return ZE_NULL_POINTER;
    *version = 1 << 16 | 13;
    return ZE_SUCCESS;
}

/* With the lock held: the GPUs that are there, in the order of their addresses, as far as there is room. */
static void give_devices(uint32_t *count, ze_handle *devices, enum lz_kind kind)
{
    uint32_t there = 0, given = 0;
    for (unsigned slot = 0; slot < lz_units(); slot++) there += unit_present(lz_unit(slot));
    const uint32_t room = lz_rows(count, there, devices);
    for (unsigned slot = 0; slot < lz_units() && given < room; slot++)
        if (unit_present(lz_unit(slot))) devices[given++] = lz_handle(kind, slot, 0);
}

EXPORT ze_result zesDeviceGet(ze_handle driver, uint32_t *count, ze_handle *devices)
{
    ze_result result = lz_enter_driver(__func__, driver, count);
    if (result != ZE_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    give_devices(count, devices, LZ_DEVICE);
    library_unlock();
    return ZE_SUCCESS;
}

EXPORT ze_result zeDeviceGet(ze_handle driver, uint32_t *count, ze_handle *devices)
{
    const enum lz_kind kind = old_way() ? LZ_DEVICE : LZ_CORE_DEVICE;
    if (!library_take(__func__, false)) return ZE_UNSUPPORTED_FEATURE;
    ze_result result = !core_started ? ZE_UNINITIALIZED : driver != lz_handle(old_way() ? LZ_DRIVER : LZ_CORE_DRIVER, 0, 0) ? ZE_NULL_HANDLE
                     : count == NULL ? ZE_NULL_POINTER : ZE_SUCCESS;
    if (result == ZE_SUCCESS) give_devices(count, devices, kind);
    library_unlock();
    return result;
}

EXPORT ze_result zesDriverGetDeviceByUuidExp(ze_handle driver, struct zes_uuid uuid, ze_handle *device, uint8_t *onSubdevice, uint32_t *subdeviceId)
{
    ze_result result = lz_enter_driver(__func__, driver, device);
    if (result != ZE_SUCCESS) return result;
    if (onSubdevice == NULL || subdeviceId == NULL) return ZE_NULL_POINTER;
    result = ZE_INVALID_ARGUMENT;
    pthread_mutex_lock(&library.lock);
    for (unsigned slot = 0; slot < lz_units() && result != ZE_SUCCESS; slot++) {
        const struct lz_view gpu = { .model = library.scenario->intel[slot].model, .place = library.scenario->intel[slot].place, .state = { .lies = lz_unit(slot)->lies } };
        uint8_t own[16];
        lz_uuid(&gpu, own);
        if (!unit_present(lz_unit(slot)) || memcmp(own, uuid.id, sizeof own) != 0) continue;
        *device = lz_handle(LZ_DEVICE, slot, 0);
        *onSubdevice = 0;
        *subdeviceId = 0;
        result = ZE_SUCCESS;
    }
    library_unlock();
    return result;
}

/* The parts of a GPU of one kind: first counted, then given. */
static ze_result give_parts(const char *symbol, ze_handle device, enum lz_kind kind, uint32_t *count, ze_handle *parts)
{
    struct lz_view gpu;
    ze_result result = lz_enter(symbol, device, LZ_DEVICE, count, 0, LZ_CACHED, &gpu);
    if (result != ZE_SUCCESS) return result == LZ_EMPTY ? ZE_SUCCESS : result;
    const uint32_t room = lz_rows(count, lz_parts(gpu.model, kind), parts);
    for (uint32_t i = 0; i < room; i++) parts[i] = lz_handle(kind, gpu.slot, i);
    return ZE_SUCCESS;
}

#define ENUMERATE(name, kind) \
    EXPORT ze_result name(ze_handle device, uint32_t *count, ze_handle *parts) { return give_parts(__func__, device, kind, count, parts); }
ENUMERATE(zesDeviceEnumMemoryModules, LZ_MEMORY)
ENUMERATE(zesDeviceEnumEngineGroups, LZ_ENGINE)
ENUMERATE(zesDeviceEnumTemperatureSensors, LZ_TEMPERATURE)
ENUMERATE(zesDeviceEnumFrequencyDomains, LZ_FREQUENCY)
ENUMERATE(zesDeviceEnumPowerDomains, LZ_POWER)
ENUMERATE(zesDeviceEnumRasErrorSets, LZ_RAS)
ENUMERATE(zesDeviceEnumFabricPorts, LZ_PORT)
ENUMERATE(zesDeviceEnumFans, LZ_FAN)
ENUMERATE(zesDeviceEnumFirmwares, LZ_FIRMWARE)
