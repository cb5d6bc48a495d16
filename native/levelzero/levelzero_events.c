/* Events. A GPU tells those that it was asked for, from then on, and each of them once in a process. */
#define _GNU_SOURCE
#include "levelzero_library.h"
#include "key_set.h"

#include <unistd.h>

enum { KNOWN_EVENTS = 0xffff };

static struct {
    uint32_t bits;
    int64_t since;
} asked[SIM_MAX_UNITS];
static struct key_set delivered;

EXPORT ze_result zesDeviceEventRegister(ze_handle device, uint32_t events)
{
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, "", 0, LZ_CACHED, &gpu);
    if ((events & ~(uint32_t)KNOWN_EVENTS) != 0) return ZE_INVALID_ENUMERATION;
    pthread_mutex_lock(&library.lock);
    if (asked[gpu.slot].bits == 0) asked[gpu.slot].since = gpu.now;
    asked[gpu.slot].bits = events;
    library_unlock();
    return ZE_SUCCESS;
}

/* With the lock held: the events that are due of the GPUs in the list; how many of those have any. */
static uint32_t take(uint32_t count, const ze_handle *devices, uint32_t *events)
{
    uint32_t with = 0;
    for (uint32_t i = 0; i < count; i++) {
        const unsigned slot = (uintptr_t)devices[i] >> 8 & 0xff;
        events[i] = 0;
        for (size_t j = 0; j < library.state.applied; j++) {
            const struct sim_entry *entry = &library.scenario->entries[j];
            const uint32_t wanted = entry->events & asked[slot].bits;
            if (entry->action.target != TARGET_INTEL || entry->action.device != slot || wanted == 0 || entry->at <= asked[slot].since) continue;
            if (key_set_add(&delivered, entry->key)) events[i] |= wanted;
        }
        if (events[i] != 0 && (lz_unit(slot)->lies & LIES_ENUM) != 0) events[i] |= 0x40000000;
        with += events[i] != 0;
    }
    return with;
}

/* With the lock held. A GPU that is off the bus is listened to all the same: its return is an event. */
static bool known(uint32_t count, const ze_handle *devices)
{
    unsigned slot, index;
    for (uint32_t i = 0; i < count; i++)
        if (!lz_slot(devices[i], LZ_DEVICE, &slot, &index)) return false;
    return true;
}

struct wait {
    uint32_t count;
    ze_handle *devices;
    uint32_t *with, *events;
    ze_result result;
};

static bool done(void *context)
{
    struct wait *wait = context;
    wait->result = !known(wait->count, wait->devices) ? ZE_NULL_HANDLE : library.state.wait_fails ? ZE_UNKNOWN : ZE_SUCCESS;
    *wait->with = wait->result == ZE_SUCCESS ? take(wait->count, wait->devices, wait->events) : 0;
    return wait->result != ZE_SUCCESS || *wait->with > 0;
}

/* Nothing within the time is a success without events. */
static ze_result listen(const char *symbol, ze_handle driver, int64_t milliseconds, uint32_t count, ze_handle *devices, uint32_t *devices_with, uint32_t *events)
{
    ze_result result = lz_enter_driver(symbol, driver, devices_with);
    if (result != ZE_SUCCESS) return result;
    if (devices == NULL || events == NULL) return ZE_NULL_POINTER;
    pthread_mutex_lock(&library.lock);
    const int watch = library.file.path != NULL ? scenario_watch_open(library.file.path) : -1;
    library_refresh(true); /* what was written before the watch began */
    struct wait wait = { count, devices, devices_with, events, ZE_SUCCESS };
    library_wait(-1, watch, milliseconds < 0 ? INT64_MAX : library.now + milliseconds * INT64_C(1000000), done, &wait);
    if (watch >= 0) close(watch);
    library_unlock();
    return wait.result;
}

/* Times of a lifetime and more are no deadline. */
enum { LONGEST_MS = 1000000000 };

EXPORT ze_result zesDriverEventListen(ze_handle driver, uint32_t timeout, uint32_t count, ze_handle *devices, uint32_t *devices_with, uint32_t *events)
{
    return listen(__func__, driver, timeout > LONGEST_MS ? -1 : (int64_t)timeout, count, devices, devices_with, events);
}

EXPORT ze_result zesDriverEventListenEx(ze_handle driver, uint64_t timeout, uint32_t count, ze_handle *devices, uint32_t *devices_with, uint32_t *events)
{
    return listen(__func__, driver, timeout > LONGEST_MS ? -1 : (int64_t)timeout, count, devices, devices_with, events);
}

/* At exit and dlclose, so that a leak checker sees only real leaks. */
__attribute__((destructor)) static void forget(void)
{
    if (pthread_mutex_trylock(&library.lock) != 0) return;
    key_set_free(&delivered);
    library_unlock();
}
