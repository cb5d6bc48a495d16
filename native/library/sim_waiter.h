/* Who waits for events in a process: an event set of NVML, an event handle of CNDEV. All of it is called with the library's lock held. */
#ifndef AIINFRA_SIM_WAITER_H
#define AIINFRA_SIM_WAITER_H

#include "key_set.h"
#include "sim_library.h"

/* The first member of what a library hands out. */
struct sim_waiter {
    struct sim_waiter *next;
    struct key_set delivered; /* keys of what was told */
    int wake;         /* eventfd: ends a wait when its owner goes */
    int watch;        /* inotify; -1: none */
    unsigned waiters;
    bool retired;     /* freed by its owner; gone when the last waiter is out */
};

/* size: of the whole, the rest of which is 0. NULL: no descriptors left. */
void *waiter_new(size_t size);
/* One of this process, and not freed. */
bool waiter_known(const void *waiter);
void waiter_retire(struct sim_waiter *waiter);
/* Retires all, at the last end of a library. */
void waiters_close(void);
/* Waits in it as library_wait does. A retired one is gone afterwards. */
void waiter_wait(struct sim_waiter *waiter, int64_t deadline, bool (*done)(void *context), void *context);

#endif
