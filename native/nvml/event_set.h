/* The bookkeeping of event sets. All of it is called with the library's lock held. */
#ifndef AIINFRA_NVML_EVENT_SET_H
#define AIINFRA_NVML_EVENT_SET_H

#include "key_set.h"
#include "library.h"

enum { EVENT_BITS = 16 };

struct nvmlEventSet_st {
    struct nvmlEventSet_st *next;
    int64_t since[SIM_MAX_GPUS][EVENT_BITS]; /* when a GPU's type was registered; INT64_MAX: it is not */
    struct key_set delivered;                /* keys of the entries */
    int wake;      /* eventfd: ends a wait when the set goes */
    int watch;     /* inotify; -1: none */
    unsigned waiters;
    bool retired;  /* freed by its owner; gone when the last waiter is out */
};

/* NULL: no descriptors left. */
nvmlEventSet_t event_set_new(void);
bool event_set_known(nvmlEventSet_t set);
void event_set_register(nvmlEventSet_t set, unsigned gpu, uint64_t types, int64_t now);
/* Takes the oldest event that is due. An event that was injected late is still taken, once. */
bool event_set_next(nvmlEventSet_t set, nvmlEventData_t *data);
bool event_set_has_lost(nvmlEventSet_t set);
void event_set_retire(nvmlEventSet_t set);
/* Releases a retired set that nobody waits in. */
void event_set_collect(nvmlEventSet_t set);

#endif
