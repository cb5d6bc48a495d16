#define _GNU_SOURCE
#include "scenario_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t sim_monotonic(void) { return read_clock(CLOCK_MONOTONIC); }

static bool read_epoch(const char *path, int64_t *epoch)
{
    char text[32];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t got = read(file, text, sizeof text - 1);
    close(file);
    if (got < 0) return false;
    text[got] = '\0';
    char *end;
    errno = 0;
    *epoch = strtoll(text, &end, 10);
    if (errno == 0 && end != text && *epoch > 0) return true;
    errno = EINVAL;
    return false;
}

/* The file appears whole or not at all: it is written under a name of its own and linked into place, and
   link(2) fails for all but the first, as O_EXCL would. A reader never meets an empty file. */
static bool create_epoch(const char *path, const char *state)
{
    char own[PATH_MAX];
    snprintf(own, sizeof own, "%s/.epoch.XXXXXX", state);
    int file = mkostemp(own, O_CLOEXEC);
    if (file < 0) return false;
    int written = dprintf(file, "%" PRId64 "\n", read_clock(CLOCK_REALTIME));
    int failure = written < 0 ? errno : 0;
    fchmod(file, 0644);
    close(file);
    if (failure == 0 && link(own, path) != 0 && errno != EEXIST) failure = errno;
    unlink(own);
    errno = failure;
    return failure == 0;
}

bool sim_clock_open(struct sim_clock *clock, const char *state)
{
    clock->epoch = read_clock(CLOCK_REALTIME);
    if (state != NULL) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/epoch", state);
        if (!read_epoch(path, &clock->epoch)) {
            if (errno != ENOENT || !create_epoch(path, state) || !read_epoch(path, &clock->epoch)) return false;
        }
    }
    /* Being put aside between the two readings would shift this process's time; such a pair is read again. */
    int64_t best = INT64_MAX;
    for (int tries = 0; tries < 50 && best > 5000; tries++) {
        int64_t before = sim_monotonic(), wall = read_clock(CLOCK_REALTIME), after = sim_monotonic();
        if (after - before >= best) continue;
        best = after - before;
        clock->monotonic_zero = before + best / 2 - (wall - clock->epoch);
    }
    return true;
}

int64_t sim_clock_at(const struct sim_clock *clock, int64_t monotonic) { return monotonic - clock->monotonic_zero; }

int64_t sim_clock_now(const struct sim_clock *clock) { return sim_clock_at(clock, sim_monotonic()); }
