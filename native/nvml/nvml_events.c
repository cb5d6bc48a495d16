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
    else if (!waiter_known(set)) result = NVML_ERROR_INVALID_ARGUMENT;
    else waiter_retire(&set->waiter);
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
    bool known = waiter_known(set);
    if (known) event_set_register(set, gpu.slot, eventTypes, gpu.now);
    library_unlock();
    return known ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

struct wait {
    nvmlEventSet_t set;
    nvmlEventData_t *data;
    nvmlReturn_t result; /* TIMEOUT: nothing to tell yet */
};

static nvmlReturn_t look(nvmlEventSet_t set, nvmlEventData_t *data)
{
    if (library.references == 0) return NVML_ERROR_UNINITIALIZED;
    if (set->waiter.retired) return NVML_ERROR_INVALID_ARGUMENT;
    if (library.state.wait_fails) return NVML_ERROR_UNKNOWN;
    if (event_set_next(set, data)) return NVML_SUCCESS;
    /* What happened before the loss comes first; then a set with a lost GPU waits no more. */
    return event_set_has_lost(set) ? NVML_ERROR_GPU_IS_LOST : NVML_ERROR_TIMEOUT;
}

static bool done(void *context)
{
    struct wait *wait = context;
    wait->result = look(wait->set, wait->data);
    return wait->result != NVML_ERROR_TIMEOUT;
}

EXPORT nvmlReturn_t nvmlEventSetWait_v2(nvmlEventSet_t set, nvmlEventData_t *data, unsigned timeoutms)
{
    struct wait wait = { set, data, library_lock(__func__, true) };
    if (wait.result != NVML_SUCCESS) return wait.result;
    if (library.references == 0) wait.result = NVML_ERROR_UNINITIALIZED;
    else if (data == NULL || !waiter_known(set)) wait.result = NVML_ERROR_INVALID_ARGUMENT;
    else waiter_wait(&set->waiter, library.now + (int64_t)timeoutms * 1000000, done, &wait);
    library_unlock();
    return wait.result;
}
