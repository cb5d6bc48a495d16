/* Start and end, and which cards there are. A card that is gone does not count; those after it move up. */
#define _GNU_SOURCE
#include "cndev_library.h"
#include "sim_waiter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The agent marks a node whose library has this symbol as simulated. */
EXPORT int aiinfraSimulator(void) { return 1; }

EXPORT cndevRet_t cndevInit(int32_t reserved)
{
    if (!library_take(__func__, true)) return CNDEV_ERROR_NOT_SUPPORTED;
    int64_t latency = library.references == 0 ? library.scenario->init_latency : 0;
    library_unlock();
    if (reserved != 0) return CNDEV_ERROR_INVALID_ARGUMENT;
    nanosleep(&(struct timespec){ .tv_sec = latency / 1000000000, .tv_nsec = latency % 1000000000 }, NULL);
    pthread_mutex_lock(&library.lock);
    if (cndev_build.init == CNDEV_SUCCESS) library.references++;
    library_unlock();
    return cndev_build.init;
}

EXPORT cndevRet_t cndevRelease(void)
{
    if (!library_take(__func__, false)) return CNDEV_ERROR_NOT_SUPPORTED;
    cndevRet_t result = library.references == 0 ? CNDEV_ERROR_UNINITIALIZED : CNDEV_SUCCESS;
    if (result == CNDEV_SUCCESS && --library.references == 0) waiters_close();
    library_unlock();
    return result;
}

EXPORT const char *cndevGetErrorString(cndevRet_t code)
{
    static const char *const texts[] = {
        "no error", "no driver", "the driver is too old", "unsupported API version", "not initialized", "invalid argument", "invalid device id",
        "unknown error", "out of memory", "insufficient space", "not supported", "invalid link", "no devices", "no permission", "not found",
        "in use", "duplicate", "timeout", "device in problem",
    };
    return (unsigned)code < sizeof texts / sizeof texts[0] ? texts[code] : "unknown code";
}

EXPORT cndevRet_t cndevGetDeviceCount(cndevCardInfo_t *cardNum)
{
    cndevRet_t result = cndev_enter(__func__, cardNum != NULL);
    if (result != CNDEV_SUCCESS) return result;
    if (cardNum->version != cndev_build.structs) return CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    pthread_mutex_lock(&library.lock);
    cardNum->number = 0;
    for (unsigned slot = 0; slot < cndev_units(); slot++) cardNum->number += unit_present(cndev_unit(slot));
    library_unlock();
    return CNDEV_SUCCESS;
}

static bool has_index(unsigned slot, const void *wanted)
{
    int32_t index = 0;
    for (unsigned i = 0; i < slot; i++) index += unit_present(cndev_unit(i));
    return index == *(const int32_t *)wanted;
}

/* Hexadecimal, with 0x or without it. */
static bool has_serial(unsigned slot, const void *wanted) { return strtoull(wanted, NULL, 16) == unit_serial(cndev_group(), slot); }

/* With the prefix MLU- or without it. */
static bool has_uuid(unsigned slot, const void *wanted)
{
    char uuid[37];
    const char *given = wanted;
    unit_uuid(cndev_group(), slot, UINT32_MAX, uuid);
    return strcasecmp(uuid, strncasecmp(given, "MLU-", 4) == 0 ? given + 4 : given) == 0;
}

static bool has_address(unsigned slot, const void *wanted)
{
    unsigned domain, bus, device, function;
    const struct unit_place place = unit_place(cndev_group(), slot);
    return sscanf(wanted, "%x:%x:%x.%x", &domain, &bus, &device, &function) == 4 && domain == place.domain && bus == place.bus
        && device == 0 && function == 0;
}

static cndevRet_t look_up(const char *symbol, cndevDevice_t *handle, bool (*is)(unsigned slot, const void *wanted), const void *wanted)
{
    cndevRet_t result = cndev_enter(symbol, handle != NULL && wanted != NULL);
    if (result != CNDEV_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    unsigned slot = 0, count = cndev_units();
    while (slot < count && !(unit_present(cndev_unit(slot)) && is(slot, wanted))) slot++;
    if (slot < count) *handle = cndev_handle(slot);
    library_unlock();
    return slot < count ? CNDEV_SUCCESS : is == has_index ? CNDEV_ERROR_INVALID_DEVICE_ID : CNDEV_ERROR_NOT_FOUND;
}

EXPORT cndevRet_t cndevGetDeviceHandleByIndex(int32_t index, cndevDevice_t *handle) { return look_up(__func__, handle, has_index, &index); }
EXPORT cndevRet_t cndevGetDeviceHandleByPciBusId(const char *id, cndevDevice_t *handle) { return look_up(__func__, handle, has_address, id); }
EXPORT cndevRet_t cndevGetDeviceHandleBySerial(const char *sn, cndevDevice_t *handle) { return look_up(__func__, handle, has_serial, sn); }
EXPORT cndevRet_t cndevGetDeviceHandleByUUID(const char *uuid, cndevDevice_t *handle) { return look_up(__func__, handle, has_uuid, uuid); }

EXPORT cndevRet_t cndevDeviceGetMinorNumber(uint32_t *minor, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, minor != NULL, &mlu);
    *minor = mlu.slot;
    return CNDEV_SUCCESS;
}
