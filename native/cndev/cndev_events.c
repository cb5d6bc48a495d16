/* Xid events. What was before a card's registration is not in a handle. */
#define _GNU_SOURCE
#include "cndev_library.h"
#include "key_set.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { XID = 1 };

struct cndevEventHandle_st {
    struct cndevEventHandle_st *next;
    int64_t since[SIM_MAX_UNITS]; /* when a card was registered; INT64_MAX: it is not */
    struct key_set delivered;
    int wake, watch;
    bool waited, retired;         /* one waiter at a time; destroyed while it waits: gone when it is out */
};

static cndevEventHandle handles;

/* The link to a handle that is in use, or to the end of the list. */
static cndevEventHandle *find(cndevEventHandle handle)
{
    cndevEventHandle *link = &handles;
    while (*link != NULL && (*link != handle || (*link)->retired)) link = &(*link)->next;
    return link;
}

static void collect(cndevEventHandle handle)
{
    if (!handle->retired || handle->waited) return;
    cndevEventHandle *link = &handles;
    while (*link != handle) link = &(*link)->next;
    *link = handle->next;
    close(handle->wake);
    if (handle->watch >= 0) close(handle->watch);
    key_set_free(&handle->delivered);
    free(handle);
}

static void retire(cndevEventHandle handle)
{
    handle->retired = true;
    eventfd_write(handle->wake, 1);
    collect(handle);
}

void cndev_events_close(void)
{
    for (cndevEventHandle handle = handles, next; handle != NULL; handle = next) {
        next = handle->next;
        retire(handle);
    }
}

EXPORT cndevRet_t cndevEventHandleCreate(cndevEventHandle *handle)
{
    cndevRet_t result = cndev_enter(__func__, handle != NULL);
    if (result != CNDEV_SUCCESS) return result;
    cndevEventHandle made = calloc(1, sizeof *made);
    if (made == NULL) return CNDEV_ERROR_MALLOC;
    made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (made->wake < 0) {
        free(made);
        return CNDEV_ERROR_UNKNOWN;
    }
    for (size_t i = 0; i < SIM_MAX_UNITS; i++) made->since[i] = INT64_MAX;
    pthread_mutex_lock(&library.lock);
    made->watch = library.file.path != NULL ? scenario_watch_open(library.file.path) : -1;
    made->next = handles;
    handles = made;
    library_unlock();
    *handle = made;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevEventHandleDestroy(cndevEventHandle handle)
{
    cndevRet_t result = cndev_enter(__func__, handle != NULL);
    if (result != CNDEV_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    if (*find(handle) != NULL) retire(handle);
    else result = CNDEV_ERROR_INVALID_ARGUMENT;
    library_unlock();
    return result;
}

EXPORT cndevRet_t cndevGetSupportedEventTypes(uint64_t *types, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, types != NULL, &mlu);
    *types = XID;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevRegisterEvents(cndevEventHandle handle, uint64_t types, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_host, __func__, device, handle != NULL && types != 0, NULL, &mlu);
    if ((types & ~(uint64_t)XID) != 0) return CNDEV_ERROR_NOT_SUPPORTED;
    pthread_mutex_lock(&library.lock);
    bool known = *find(handle) != NULL;
    if (known && handle->since[mlu.slot] == INT64_MAX) handle->since[mlu.slot] = mlu.now;
    library_unlock();
    return known ? CNDEV_SUCCESS : CNDEV_ERROR_INVALID_ARGUMENT;
}

/* Takes the oldest event that is due. One that was injected late is still taken, once. */
static bool take(cndevEventHandle handle, cndevEventData_t *data)
{
    for (size_t i = 0; i < library.state.applied; i++) {
        const struct sim_entry *entry = &library.scenario->entries[i];
        const unsigned slot = entry->action.device;
        if (entry->action.target != TARGET_MLU || (entry->unit_events & EVENT_XID) == 0 || entry->at <= handle->since[slot]) continue;
        if (!key_set_add(&handle->delivered, entry->key)) continue;
        *data = (cndevEventData_t){ .version = data->version, .device = cndev_handle(slot), .eventData = (uint64_t)entry->action.value, .eventType = XID,
                                    .timestamp = (uint64_t)(library.clock.epoch + entry->at) / 1000,
                                    .computeInstanceId = UINT32_MAX, .mluInstanceId = UINT32_MAX };
        const unsigned lies = cndev_unit(slot)->lies;
        if ((lies & LIES_ENUM) != 0) data->eventType = UINT64_C(1) << 40;
        if ((lies & LIES_ABSURD) != 0) data->eventData = UINT64_MAX;
        return true;
    }
    return false;
}

static cndevRet_t look(cndevEventHandle handle, cndevEventData_t *data)
{
    if (library.references == 0) return CNDEV_ERROR_UNINITIALIZED;
    if (handle->retired) return CNDEV_ERROR_INVALID_ARGUMENT;
    if (library.state.wait_fails) return CNDEV_ERROR_UNKNOWN;
    return take(handle, data) ? CNDEV_SUCCESS : CNDEV_ERROR_TIMEOUT;
}

EXPORT cndevRet_t cndevEventWait(cndevEventHandle handle, cndevEventData_t *data, int32_t milliseconds)
{
    cndevRet_t result = cndev_enter(__func__, handle != NULL && data != NULL && milliseconds >= -1);
    if (result != CNDEV_SUCCESS) return result;
    if ((int32_t)data->version != cndev_build.structs) return CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    pthread_mutex_lock(&library.lock);
    library_refresh(true);
    if (*find(handle) == NULL) result = CNDEV_ERROR_INVALID_ARGUMENT;
    else if (handle->waited) result = CNDEV_ERROR_IN_USE;
    if (result != CNDEV_SUCCESS) {
        library_unlock();
        return result;
    }
    const int64_t deadline = milliseconds < 0 ? INT64_MAX : library.now + milliseconds * INT64_C(1000000), hour = 3600 * INT64_C(1000000000);
    handle->waited = true;
    while ((result = look(handle, data)) == CNDEV_ERROR_TIMEOUT && library.now < deadline) {
        const int64_t latest = deadline < library.now + hour ? deadline : library.now + hour;
        library_sleep(handle->wake, handle->watch, library_next_due(latest));
        library_refresh(true);
    }
    handle->waited = false;
    collect(handle);
    library_unlock();
    return result;
}

EXPORT cndevRet_t cndevInjectEventError(uint64_t eventError, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, eventError != 0 && eventError <= INT64_MAX, &mlu);
    return cndev_command(mlu.slot, "xid %llu", (unsigned long long)eventError);
}
