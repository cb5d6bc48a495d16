#define _GNU_SOURCE
#include "scenario_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 4 << 20, MOST_COMPLAINTS = 100 };

struct relay {
    struct scenario_file *file;
    sim_report *report;
    void *context;
};

static void report_once(void *context, unsigned line, const char *what)
{
    struct relay *relay = context;
    uint64_t key = sim_hash(line, what, strlen(what));
    for (size_t i = 0; i < relay->file->complaint_count; i++)
        if (relay->file->complaints[i] == key) return;
    /* A file that is no scenario at all would fill a log, and make every look at it slow. */
    if (relay->file->complaint_count > MOST_COMPLAINTS) return;
    if (relay->file->complaint_count == MOST_COMPLAINTS) what = "and more lines that are wrong; the rest is left out unnamed";
    uint64_t *grown = realloc(relay->file->complaints, (relay->file->complaint_count + 1) * sizeof *grown);
    if (grown == NULL) abort();
    relay->file->complaints = grown;
    grown[relay->file->complaint_count++] = key;
    relay->report(relay->context, line, what);
}

static bool same(const struct scenario_file *file, const struct stat *now)
{
    return file->device == now->st_dev && file->inode == now->st_ino && file->size == now->st_size
        && file->modified == (int64_t)now->st_mtim.tv_sec * 1000000000 + now->st_mtim.tv_nsec;
}

static void remember(struct scenario_file *file, const struct stat *now)
{
    file->device = now->st_dev;
    file->inode = now->st_ino;
    file->size = now->st_size;
    file->modified = (int64_t)now->st_mtim.tv_sec * 1000000000 + now->st_mtim.tv_nsec;
}

/* The whole file under a shared lock, so that no half-written injection is read. NULL with errno. */
static char *read_whole(const char *path, struct stat *information, size_t *size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return NULL;
    char *text = NULL;
    *size = 0;
    while (flock(descriptor, LOCK_SH) != 0 && errno == EINTR) continue;
    if (fstat(descriptor, information) == 0) {
        if (!S_ISREG(information->st_mode) || information->st_size > LARGEST) errno = S_ISREG(information->st_mode) ? EFBIG : EINVAL;
        else text = malloc((size_t)information->st_size + 1);
    }
    while (text != NULL && *size < (size_t)information->st_size) {
        ssize_t got = read(descriptor, text + *size, (size_t)information->st_size - *size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break; /* shortened meanwhile: the next look sees it changed */
        *size += (size_t)got;
    }
    int failure = errno;
    close(descriptor); /* drops the lock */
    errno = failure;
    return text;
}

struct scenario *scenario_file_read(struct scenario_file *file, bool first, sim_report *report, void *context)
{
    struct relay relay = { file, report, context };
    struct stat information;
    const char *instead = file->instead != NULL ? file->instead : "";
    if (file->path == NULL) return first ? scenario_parse(instead, strlen(instead), report_once, &relay) : NULL;
    if (!first && stat(file->path, &information) == 0 && same(file, &information)) return NULL;

    size_t size;
    char *text = read_whole(file->path, &information, &size);
    if (text == NULL) {
        char what[SIM_MAX_ERROR];
        snprintf(what, sizeof what, "cannot be read: %s; a scenario is a text file of at most 4 MiB", strerror(errno));
        report_once(&relay, 0, what);
        return first ? scenario_parse(instead, strlen(instead), report_once, &relay) : NULL; /* a file being replaced keeps what was */
    }
    remember(file, &information);
    struct scenario *scenario = scenario_parse(text, size, report_once, &relay);
    free(text);
    return scenario;
}

void scenario_file_close(struct scenario_file *file)
{
    free(file->complaints);
    file->complaints = NULL;
    file->complaint_count = 0;
}

static bool write_line(int descriptor, const struct sim_clock *clock, const char *command)
{
    char last = '\n', line[SIM_MAX_LINE];
    off_t end = lseek(descriptor, 0, SEEK_END);
    if (end > 0 && pread(descriptor, &last, 1, end - 1) != 1) return false;
    /* The time is taken under the lock: the file's order is the order of time. */
    int64_t microseconds = sim_clock_now(clock) / 1000;
    int length = snprintf(line, sizeof line, "%sat %" PRId64 ".%06" PRId64 "s %s\n", last == '\n' ? "" : "\n",
                          microseconds / 1000000, microseconds % 1000000, command);
    if ((size_t)length >= sizeof line) {
        errno = EMSGSIZE;
        return false;
    }
    ssize_t wrote = write(descriptor, line, (size_t)length);
    if (wrote == length) return true;
    if (wrote > 0) errno = ENOSPC;
    return false;
}

bool scenario_file_inject(const char *path, const struct sim_clock *clock, const char *command, char error[SIM_MAX_ERROR])
{
    int descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
    bool good = descriptor >= 0;
    if (good) {
        while (flock(descriptor, LOCK_EX) != 0 && errno == EINTR) continue;
        good = write_line(descriptor, clock, command);
    }
    if (!good) snprintf(error, SIM_MAX_ERROR, "cannot be appended to: %s", strerror(errno));
    if (descriptor >= 0) close(descriptor);
    return good;
}
