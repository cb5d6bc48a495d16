#define _GNU_SOURCE
#include "sim_waiter.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct sim_waiter *waiters;

void *waiter_new(size_t size)
{
    struct sim_waiter *waiter = calloc(1, size);
    if (waiter == NULL) abort(); /* a simulator out of memory has nothing better to do */
    waiter->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (waiter->wake < 0) {
        free(waiter);
        return NULL;
    }
    waiter->watch = library.file.path != NULL ? scenario_watch_open(library.file.path) : -1;
    waiter->next = waiters;
    waiters = waiter;
    return waiter;
}

bool waiter_known(const void *waiter)
{
    for (const struct sim_waiter *one = waiters; one != NULL; one = one->next)
        if (one == waiter) return !one->retired;
    return false;
}

static void collect(struct sim_waiter *waiter)
{
    if (!waiter->retired || waiter->waiters > 0) return;
    struct sim_waiter **link = &waiters;
    while (*link != waiter) link = &(*link)->next;
    *link = waiter->next;
    close(waiter->wake);
    if (waiter->watch >= 0) close(waiter->watch);
    key_set_free(&waiter->delivered);
    free(waiter);
}

void waiter_retire(struct sim_waiter *waiter)
{
    waiter->retired = true;
    eventfd_write(waiter->wake, 1);
    collect(waiter);
}

void waiters_close(void)
{
    for (struct sim_waiter *waiter = waiters, *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        waiter_retire(waiter);
    }
}

void waiter_wait(struct sim_waiter *waiter, int64_t deadline, bool (*done)(void *context), void *context)
{
    waiter->waiters++;
    library_wait(waiter->wake, waiter->watch, deadline, done, context);
    waiter->waiters--;
    collect(waiter);
}
