/* What a simulated vendor library is inside: one node that is brought up to date at each call, and what concerns the process. */
#ifndef AIINFRA_SIM_LIBRARY_H
#define AIINFRA_SIM_LIBRARY_H

#include "scenario_file.h"
#include "scenario_state.h"

#include <pthread.h>
#include <stdarg.h>

#define EXPORT __attribute__((visibility("default")))

struct library {
    pthread_mutex_t lock;
    bool loaded;
    unsigned references;    /* of starts that were not ended; the node is kept while there are any */
    struct sim_clock clock;
    struct scenario_file file;
    struct scenario *scenario;
    struct sim_state state;
    int64_t now, looked_at; /* ns after the epoch */
    int64_t crashed_at;     /* the segv entry that was acted on last */
};
extern struct library library;

/* The scenario of a process that names none: each library's own. */
extern const char library_default_scenario[];

/* Takes the lock, brings the node up to date and acts on what concerns the process.
   False: the scenario leaves the symbol out, and the lock is free again. look: look at the file even if that was done just now. */
bool library_take(const char *symbol, bool look);
void library_unlock(void);
/* With the lock held: reads the file again when it changed, and applies what is due. */
void library_refresh(bool look);
/* With the lock held: gives the lock away until the file may have changed, wake is written to, or the time (of the node) comes.
   wake and watch may be -1. */
void library_sleep(int wake, int watch, int64_t until);
/* With the lock held: gives the lock away for a moment and brings the node up to date, for who waits for what the file says. */
void library_look_again(void);
/* With the lock held, given away meanwhile: brings the node up to date whenever something may have changed, until done or the deadline.
   deadline INT64_MAX: none. done is asked first. */
void library_wait(int wake, int watch, int64_t deadline, bool (*done)(void *context), void *context);
/* With the lock held: when the next entry of the timeline is due, at most the given time. */
int64_t library_next_due(int64_t latest);

/* Appends a command to the scenario, where every process reads it. False: there is no file to write to. */
bool library_inject(const char *command);
/* "npu 3 ...": a command about a device. */
bool library_inject_about(const char *kind, unsigned number, const char *format, va_list arguments);

/* When this process loaded the library, in the node's time. */
int64_t library_loaded_at(void);

#endif
