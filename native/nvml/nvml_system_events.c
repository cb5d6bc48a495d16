/* System events: drivers that are bound to GPUs and unbound from them (NVML: System Event Handling). A wait takes all that is due. */
#define _GNU_SOURCE
#include "library.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { KNOWN_EVENTS = 1 | 2 };

struct nvmlSystemEventSet_st {
    struct nvmlSystemEventSet_st *next;
    uint32_t types;
    int64_t since;   /* the registration, later the last moment of which all events were taken */
    unsigned taken;  /* of the events of the moment after it, which a full answer cut in two */
};

static nvmlSystemEventSet_t sets;

static nvmlSystemEventSet_t *find(nvmlSystemEventSet_t set)
{
    nvmlSystemEventSet_t *link = &sets;
    while (*link != NULL && *link != set) link = &(*link)->next;
    return link;
}

static nvmlReturn_t enter(const char *symbol, const void *request, uint32_t version, uint32_t wanted)
{
    nvmlReturn_t result = library_enter(symbol, request != NULL);
    return result == NVML_SUCCESS && version != wanted ? NVML_ERROR_ARGUMENT_VERSION_MISMATCH : result;
}

EXPORT nvmlReturn_t nvmlSystemEventSetCreate(nvmlSystemEventSetCreateRequest_v1_t *request)
{
    nvmlReturn_t result = enter(__func__, request, request != NULL ? request->version : 0, VERSION_WORD(nvmlSystemEventSetCreateRequest_v1_t, 1));
    if (result != NVML_SUCCESS) return result;
    nvmlSystemEventSet_t set = calloc(1, sizeof *set);
    if (set == NULL) abort();
    pthread_mutex_lock(&library.lock);
    set->next = sets;
    sets = set;
    library_unlock();
    request->set = set;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlSystemEventSetFree(nvmlSystemEventSetFreeRequest_v1_t *request)
{
    nvmlReturn_t result = enter(__func__, request, request != NULL ? request->version : 0, VERSION_WORD(nvmlSystemEventSetFreeRequest_v1_t, 1));
    if (result != NVML_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    nvmlSystemEventSet_t *link = find(request->set), set = *link;
    if (set != NULL) *link = set->next;
    library_unlock();
    free(set);
    return set != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

EXPORT nvmlReturn_t nvmlSystemRegisterEvents(nvmlSystemRegisterEventRequest_v1_t *request)
{
    nvmlReturn_t result = enter(__func__, request, request != NULL ? request->version : 0, VERSION_WORD(nvmlSystemRegisterEventRequest_v1_t, 1));
    if (result != NVML_SUCCESS) return result;
    if (request->eventTypes == 0 || (request->eventTypes & ~(uint64_t)KNOWN_EVENTS) != 0) return NVML_ERROR_INVALID_ARGUMENT;
    pthread_mutex_lock(&library.lock);
    nvmlSystemEventSet_t set = *find(request->set);
    if (set != NULL) {
        if (set->types == 0) set->since = library.now;
        set->types |= (uint32_t)request->eventTypes;
    }
    library_unlock();
    return set != NULL ? NVML_SUCCESS : NVML_ERROR_INVALID_ARGUMENT;
}

/* Domain, bus and device of the GPU in one number, as the driver numbers its GPUs. */
static uint32_t gpu_id(unsigned slot)
{
    const struct gpu_place *place = &library.scenario->model->place[slot];
    return place->domain << 16 | place->bus << 8;
}

/* Fills what is due; with the lock held. A set remembers a moment, not a place among the entries: the file may be read anew. */
static void collect(nvmlSystemEventSet_t set, nvmlSystemEventSetWaitRequest_v1_t *request)
{
    int64_t moment = set->since;
    unsigned at_moment = 0, taken = set->taken;
    for (size_t i = 0; i < library.state.applied; i++) {
        const struct sim_entry *entry = &library.scenario->entries[i];
        if (entry->at <= set->since || (entry->system_events & set->types) == 0) continue;
        if (entry->at != moment) {
            if (at_moment > 0) set->since = moment, taken = 0;
            moment = entry->at;
            at_moment = 0;
        }
        if (at_moment++ < taken) continue;
        if (request->numEvent == request->dataSize) break;
        request->data[request->numEvent++] = (nvmlSystemEventData_v1_t){ .eventType = entry->system_events, .gpuId = gpu_id(entry->action.device) };
        taken = at_moment;
    }
    set->taken = taken;
}

EXPORT nvmlReturn_t nvmlSystemEventSetWait(nvmlSystemEventSetWaitRequest_v1_t *request)
{
    nvmlReturn_t result = enter(__func__, request, request != NULL ? request->version : 0, VERSION_WORD(nvmlSystemEventSetWaitRequest_v1_t, 1));
    if (result != NVML_SUCCESS) return result;
    if (request->data == NULL || request->dataSize == 0) return NVML_ERROR_INVALID_ARGUMENT;
    request->numEvent = 0;
    int64_t deadline = sim_monotonic() + (int64_t)request->timeoutms * 1000000;
    for (;;) {
        pthread_mutex_lock(&library.lock);
        library_refresh(true);
        nvmlSystemEventSet_t set = *find(request->set);
        if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
        else if (set == NULL) result = NVML_ERROR_INVALID_ARGUMENT;
        else collect(set, request);
        library_unlock();
        if (result != NVML_SUCCESS || request->numEvent > 0) return result;
        if (sim_monotonic() >= deadline) return NVML_ERROR_TIMEOUT;
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL); /* rare events: looking at the file is good enough */
    }
}

void system_event_sets_close(void)
{
    for (nvmlSystemEventSet_t set = sets, next; set != NULL; set = next) {
        next = set->next;
        free(set);
    }
    sets = NULL;
}
