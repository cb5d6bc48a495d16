/* Xid events. What was before a card's registration is not in a handle. */
#include "cndev_library.h"
#include "sim_waiter.h"

enum { XID = 1 };

struct cndevEventHandle_st {
    struct sim_waiter waiter;
    int64_t since[SIM_MAX_UNITS]; /* when a card was registered; INT64_MAX: it is not */
};

EXPORT cndevRet_t cndevEventHandleCreate(cndevEventHandle *handle)
{
    cndevRet_t result = cndev_enter(__func__, handle != NULL);
    if (result != CNDEV_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    cndevEventHandle made = waiter_new(sizeof *made);
    for (size_t i = 0; made != NULL && i < SIM_MAX_UNITS; i++) made->since[i] = INT64_MAX;
    library_unlock();
    if (made == NULL) return CNDEV_ERROR_UNKNOWN;
    *handle = made;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevEventHandleDestroy(cndevEventHandle handle)
{
    cndevRet_t result = cndev_enter(__func__, handle != NULL);
    if (result != CNDEV_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    if (waiter_known(handle)) waiter_retire(&handle->waiter);
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
    const bool known = waiter_known(handle);
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
        if (!key_set_add(&handle->waiter.delivered, entry->key)) continue;
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

struct wait {
    cndevEventHandle handle;
    cndevEventData_t *data;
    cndevRet_t result; /* TIMEOUT: nothing to tell yet */
};

static cndevRet_t look(cndevEventHandle handle, cndevEventData_t *data)
{
    if (library.references == 0) return CNDEV_ERROR_UNINITIALIZED;
    if (handle->waiter.retired) return CNDEV_ERROR_INVALID_ARGUMENT;
    if (library.state.wait_fails) return CNDEV_ERROR_UNKNOWN;
    return take(handle, data) ? CNDEV_SUCCESS : CNDEV_ERROR_TIMEOUT;
}

static bool done(void *context)
{
    struct wait *wait = context;
    wait->result = look(wait->handle, wait->data);
    return wait->result != CNDEV_ERROR_TIMEOUT;
}

/* One waiter at a time. */
EXPORT cndevRet_t cndevEventWait(cndevEventHandle handle, cndevEventData_t *data, int32_t milliseconds)
{
    struct wait wait = { handle, data, cndev_enter(__func__, handle != NULL && data != NULL && milliseconds >= -1) };
    if (wait.result != CNDEV_SUCCESS) return wait.result;
    if ((int32_t)data->version != cndev_build.structs) return CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    pthread_mutex_lock(&library.lock);
    library_refresh(true);
    if (!waiter_known(handle)) wait.result = CNDEV_ERROR_INVALID_ARGUMENT;
    else if (handle->waiter.waiters > 0) wait.result = CNDEV_ERROR_IN_USE;
    else waiter_wait(&handle->waiter, milliseconds < 0 ? INT64_MAX : library.now + milliseconds * INT64_C(1000000), done, &wait);
    library_unlock();
    return wait.result;
}

EXPORT cndevRet_t cndevInjectEventError(uint64_t eventError, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, eventError != 0 && eventError <= INT64_MAX, &mlu);
    return cndev_command(mlu.slot, "xid %llu", (unsigned long long)eventError);
}
