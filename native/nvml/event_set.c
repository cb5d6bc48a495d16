#define _GNU_SOURCE
#include "event_set.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static nvmlEventSet_t sets;

nvmlEventSet_t event_set_new(void)
{
    nvmlEventSet_t set = calloc(1, sizeof *set);
    if (set == NULL) abort();
    set->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (set->wake < 0) {
        free(set);
        return NULL;
    }
    set->watch = library.file.path != NULL ? scenario_watch_open(library.file.path) : -1;
    for (size_t gpu = 0; gpu < SIM_MAX_GPUS; gpu++)
        for (size_t bit = 0; bit < EVENT_BITS; bit++) set->since[gpu][bit] = INT64_MAX;
    set->next = sets;
    sets = set;
    return set;
}

bool event_set_known(nvmlEventSet_t set)
{
    for (nvmlEventSet_t one = sets; one != NULL; one = one->next)
        if (one == set) return !one->retired;
    return false;
}

void event_set_register(nvmlEventSet_t set, unsigned gpu, uint64_t types, int64_t now)
{
    for (size_t bit = 0; bit < EVENT_BITS; bit++)
        if ((types >> bit & 1) != 0 && set->since[gpu][bit] == INT64_MAX) set->since[gpu][bit] = now;
}

/* The event of one type that an entry raises; false: it does not, or not for this set. */
static bool event_of(nvmlEventSet_t set, const struct sim_entry *entry, unsigned bit, nvmlEventData_t *data)
{
    const uint64_t type = UINT64_C(1) << bit;
    unsigned gpu = entry->action.device;
    if ((entry->events & type) == 0 || entry->at <= set->since[gpu][bit] || !key_set_add(&set->delivered, sim_hash(entry->key, &bit, sizeof bit))) return false;
    unsigned lies = library.state.gpu[gpu].lies;
    *data = (nvmlEventData_t){
        .device = library_handle(gpu), .eventType = (lies & LIES_ENUM) != 0 ? UINT64_C(1) << 40 : type,
        .eventData = type == nvmlEventTypeXidCriticalError ? (uint64_t)entry->action.value : 0,
        .gpuInstanceId = entry->gi, .computeInstanceId = entry->ci, /* all ones: not attributable to a MIG instance */
    };
    if ((lies & LIES_ABSURD) != 0) data->eventData = UINT64_MAX;
    return true;
}

bool event_set_next(nvmlEventSet_t set, nvmlEventData_t *data)
{
    for (size_t i = 0; i < library.state.applied; i++)
        for (unsigned bit = 0; bit < EVENT_BITS && library.scenario->entries[i].events >> bit != 0; bit++)
            if (library.scenario->entries[i].action.target == TARGET_GPU && event_of(set, &library.scenario->entries[i], bit, data)) return true;
    return false;
}

bool event_set_has_lost(nvmlEventSet_t set)
{
    for (unsigned gpu = 0; gpu < library.scenario->model->gpus; gpu++)
        for (size_t bit = 0; bit < EVENT_BITS; bit++)
            if (set->since[gpu][bit] != INT64_MAX
                && (library.state.gpu[gpu].lost || !sim_present(&library.state.gpu[gpu]) || library_outdated())) return true;
    return false;
}

void event_set_retire(nvmlEventSet_t set)
{
    set->retired = true;
    eventfd_write(set->wake, 1);
    event_set_collect(set);
}

void event_set_collect(nvmlEventSet_t set)
{
    if (!set->retired || set->waiters > 0) return;
    nvmlEventSet_t *link = &sets;
    while (*link != set) link = &(*link)->next;
    *link = set->next;
    close(set->wake);
    if (set->watch >= 0) close(set->watch);
    key_set_free(&set->delivered);
    free(set);
}

void event_sets_close(void)
{
    for (nvmlEventSet_t set = sets, next; set != NULL; set = next) {
        next = set->next;
        event_set_retire(set);
    }
}
