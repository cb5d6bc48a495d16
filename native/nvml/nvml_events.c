/* Event sets (NVML: Event Handling Methods). A set belongs to a process; what was before its registration is not in it. */
#include "event_set.h"

EXPORT nvmlReturn_t nvmlEventSetCreate(nvmlEventSet_t *set)
{
    nvmlReturn_t result = library_enter(__func__, set != NULL);
    if (result != NVML_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    *set = event_set_new();
    library_unlock();
    return *set != NULL ? NVML_SUCCESS : NVML_ERROR_UNKNOWN;
}

EXPORT nvmlReturn_t nvmlEventSetFree(nvmlEventSet_t set)
{
    nvmlReturn_t result = library_lock(__func__, false);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (!event_set_known(set)) result = NVML_ERROR_INVALID_ARGUMENT;
    else event_set_retire(set);
    library_unlock();
    return result;
}

/* Poison is told since Hopper; a driver knows the types of its time (NVML: Event Types). */
static uint64_t supported_events(const struct gpu_view *gpu)
{
    uint64_t types = nvmlEventTypeSingleBitEccError | nvmlEventTypeDoubleBitEccError | nvmlEventTypePState | nvmlEventTypeXidCriticalError
                   | nvmlEventTypeClock | nvmlEventTypePowerSourceChange;
    if (gpu->model->mig != NULL) types |= nvmlEventMigConfigChange;
    if (gpu->driver_major < 535) return types;
    types |= nvmlEventTypeSingleBitEccErrorStorm | nvmlEventTypeGpuUnavailableError | nvmlEventTypeGpuRecoveryAction;
    types |= nvmlEventTypeDramRetirementEvent | nvmlEventTypeDramRetirementFailure;
    if (gpu->model->architecture >= ARCHITECTURE_HOPPER) types |= nvmlEventTypeNonFatalPoisonError | nvmlEventTypeFatalPoisonError;
    return types;
}

EXPORT nvmlReturn_t nvmlDeviceGetSupportedEventTypes(nvmlDevice_t device, uint64_t *eventTypes)
{
    struct gpu_view gpu;
    ENTER_GPU(device, eventTypes != NULL, &gpu);
    *eventTypes = supported_events(&gpu);
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceRegisterEvents(nvmlDevice_t device, uint64_t eventTypes, nvmlEventSet_t set)
{
    struct gpu_view gpu;
    ENTER_GPU(device, set != NULL, &gpu);
    if ((eventTypes & ~supported_events(&gpu)) != 0) return NVML_ERROR_NOT_SUPPORTED; /* and nothing is registered */
    pthread_mutex_lock(&library.lock);
    bool known = event_set_known(set);
    if (known) event_set_register(set, gpu.slot, eventTypes, gpu.now);
    library_unlock();
    return known ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

/* One look at the set. TIMEOUT: nothing to tell yet. */
static nvmlReturn_t look(nvmlEventSet_t set, nvmlEventData_t *data)
{
    if (library.references == 0) return NVML_ERROR_UNINITIALIZED;
    if (set->retired) return NVML_ERROR_INVALID_ARGUMENT;
    if (library.state.wait_fails) return NVML_ERROR_UNKNOWN;
    if (event_set_next(set, data)) return NVML_SUCCESS;
    /* What happened before the loss comes first; then a set with a lost GPU waits no more. */
    return event_set_has_lost(set) ? NVML_ERROR_GPU_IS_LOST : NVML_ERROR_TIMEOUT;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeoutms)
{
    nvmlReturn_t result = library_lock(__func__, true);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (data == NULL || !event_set_known(set)) result = NVML_ERROR_INVALID_ARGUMENT;
    if (result != NVML_SUCCESS) {
        library_unlock();
        return result;
    }
    int64_t deadline = library.now + (int64_t)timeoutms * 1000000;
    set->waiters++;
    while ((result = look(set, data)) == NVML_ERROR_TIMEOUT && library.now < deadline) {
        library_sleep(set->wake, set->watch, library_next_due(deadline));
        library_refresh(true);
    }
    set->waiters--;
    event_set_collect(set);
    library_unlock();
    return result;
}
