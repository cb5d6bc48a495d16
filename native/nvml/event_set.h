/* The bookkeeping of event sets. All of it is called with the library's lock held. */
#ifndef AIINFRA_NVML_EVENT_SET_H
#define AIINFRA_NVML_EVENT_SET_H

#include "library.h"
#include "sim_waiter.h"

enum { EVENT_BITS = 16 };

struct nvmlEventSet_st {
    struct sim_waiter waiter;
    int64_t since[SIM_MAX_GPUS][EVENT_BITS]; /* when a GPU's type was registered; INT64_MAX: it is not */
};

/* NULL: no descriptors left. */
nvmlEventSet_t event_set_new(void);
void event_set_register(nvmlEventSet_t set, unsigned gpu, uint64_t types, int64_t now);
/* Takes the oldest event that is due. An event that was injected late is still taken, once. */
bool event_set_next(nvmlEventSet_t set, nvmlEventData_t *data);
bool event_set_has_lost(nvmlEventSet_t set);

#endif
