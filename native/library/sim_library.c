#define _GNU_SOURCE
#include "sim_library.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct library library = { .lock = PTHREAD_MUTEX_INITIALIZER, .crashed_at = INT64_MIN };

/* `segv` concerns processes that lived before it; this is when this one came to life. */
static int64_t loaded_at;
__attribute__((constructor)) static void remember_load(void) { loaded_at = sim_monotonic(); }

int64_t library_loaded_at(void) { return sim_clock_at(&library.clock, loaded_at); }

static void complain(void *context, unsigned line, const char *what)
{
    (void)context;
    char text[SIM_MAX_ERROR + 256];
    int length = line > 0 ? snprintf(text, sizeof text, "%s:%u: %s\n", library.file.path, line, what)
                          : snprintf(text, sizeof text, "%s: %s\n", library.file.path, what);
    /* One write: lines of several processes on one stderr stay whole. Nobody is left to tell when it fails. */
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    if (write(STDERR_FILENO, text, size) < 0) return;
}

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && *value != '\0' ? value : NULL;
}

static void load(void)
{
    library.loaded = true;
    const char *state = variable("AIINFRA_SIM_STATE");
    library.file.path = variable("AIINFRA_SIM_SCENARIO");
    library.file.instead = library_default_scenario;
    if (!sim_clock_open(&library.clock, state)) {
        char what[SIM_MAX_ERROR];
        snprintf(what, sizeof what, "AIINFRA_SIM_STATE=%s: no epoch can be read or made there: %s; time starts now, for this process alone\n",
                 state, strerror(errno));
        if (write(STDERR_FILENO, what, strlen(what)) < 0) return;
        sim_clock_open(&library.clock, NULL);
    }
}

void library_refresh(bool look)
{
    bool first = library.scenario == NULL;
    library.now = sim_clock_now(&library.clock);
    if (first || look || library.now - library.looked_at > 2000000) {
        library.looked_at = library.now;
        struct scenario *read = scenario_file_read(&library.file, first, complain, NULL);
        if (read != NULL) {
            scenario_free(library.scenario);
            library.scenario = read;
            sim_state_start(library.scenario, &library.state);
        }
        /* An injection took its time before it was written: now must not be older than what was just read. */
        library.now = sim_clock_now(&library.clock);
    }
    sim_state_advance(library.scenario, &library.state, library.now);
}

static bool must_crash(void)
{
    if (library.state.segv_always) return true;
    int64_t at = library.state.last_segv;
    if (at <= library_loaded_at() || at <= library.crashed_at) return false;
    library.crashed_at = at;
    return true;
}

bool library_take(const char *symbol, bool look)
{
    pthread_mutex_lock(&library.lock);
    if (!library.loaded) load();
    library_refresh(look);
    if (must_crash()) {
        library_unlock(); /* a handler that survives the signal finds a library that goes on */
        static int *volatile nowhere; /* volatile: the compiler must not turn the store into a trap of another kind */
        *nowhere = 1;
        pthread_mutex_lock(&library.lock);
    }
    for (size_t i = 0; i < library.scenario->without_count; i++)
        if (strcmp(library.scenario->without[i], symbol) == 0) {
            library_unlock();
            return false;
        }
    return true;
}

void library_unlock(void) { pthread_mutex_unlock(&library.lock); }

void library_sleep(int wake, int watch, int64_t until)
{
    int64_t left = until > library.now ? until - library.now : 0;
    /* Without inotify the file is looked at; a watched file or none leaves nothing to look for. */
    if (watch < 0 && library.file.path != NULL && left > 2000000) left = 2000000;
    struct pollfd descriptors[] = { { .fd = wake, .events = POLLIN }, { .fd = watch, .events = POLLIN } };
    struct timespec timeout = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
    library_unlock();
    ppoll(descriptors, 2, &timeout, NULL); /* an early return, by a signal too, is only one look more */
    pthread_mutex_lock(&library.lock);
    if (watch >= 0) scenario_watch_drain(watch, library.file.path);
}

int64_t library_next_due(int64_t latest)
{
    if (library.state.applied == library.scenario->entry_count) return latest;
    int64_t next = library.scenario->entries[library.state.applied].at;
    return next < latest ? next : latest;
}

void library_wait(int wake, int watch, int64_t deadline, bool (*done)(void *context), void *context)
{
    const int64_t hour = 3600 * INT64_C(1000000000);
    while (!done(context) && library.now < deadline) {
        const int64_t latest = deadline < library.now + hour ? deadline : library.now + hour;
        library_sleep(wake, watch, library_next_due(latest));
        library_refresh(true);
    }
}

void library_look_again(void)
{
    library_unlock();
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL); /* a signal only makes the next look come sooner */
    pthread_mutex_lock(&library.lock);
    library_refresh(false);
}

bool library_inject(const char *command)
{
    char error[SIM_MAX_ERROR];
    pthread_mutex_lock(&library.lock);
    bool good = library.file.path != NULL && scenario_file_inject(library.file.path, &library.clock, command, error);
    if (good) library_refresh(true);
    library_unlock();
    return good;
}

bool library_inject_about(const char *kind, unsigned number, const char *format, va_list arguments)
{
    char what[80], command[96];
    vsnprintf(what, sizeof what, format, arguments);
    snprintf(command, sizeof command, "%s %u %s", kind, number, what);
    return library_inject(command);
}

/* At exit and dlclose, so that a leak checker sees only real leaks. */
__attribute__((destructor)) static void unload(void)
{
    if (pthread_mutex_trylock(&library.lock) != 0) return; /* another thread is inside at this moment */
    if (library.references == 0) {
        scenario_free(library.scenario);
        library.scenario = NULL;
        scenario_file_close(&library.file);
    }
    library_unlock();
}
