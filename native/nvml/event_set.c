#include "event_set.h"

nvmlEventSet_t event_set_new(void)
{
    nvmlEventSet_t set = waiter_new(sizeof *set);
    for (size_t gpu = 0; set != NULL && gpu < SIM_MAX_GPUS; gpu++)
        for (size_t bit = 0; bit < EVENT_BITS; bit++) set->since[gpu][bit] = INT64_MAX;
    return set;
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
    if ((entry->events & type) == 0 || entry->at <= set->since[gpu][bit] || !key_set_add(&set->waiter.delivered, sim_hash(entry->key, &bit, sizeof bit))) return false;
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
