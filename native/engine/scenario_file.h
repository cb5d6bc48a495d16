/* The scenario file: read whole, read again when it changed, appended to by injections. */
#ifndef AIINFRA_SCENARIO_FILE_H
#define AIINFRA_SCENARIO_FILE_H

#include "scenario.h"
#include "scenario_clock.h"

#include <sys/types.h>

struct scenario_file {
    const char *path;     /* NULL: no file */
    const char *instead;  /* the scenario then, and of a file that cannot be read; NULL: the first model without faults */
    dev_t device;
    ino_t inode;
    off_t size;
    int64_t modified;     /* ns */
    uint64_t *complaints; /* what was reported already: a reading repeats nothing */
    size_t complaint_count;
};

/* A new scenario when the file is new or changed; NULL when it is the same as before.
   A missing or unreadable file is reported (line 0), and at the first reading the one instead of it is given. */
struct scenario *scenario_file_read(struct scenario_file *file, bool first, sim_report *report, void *context);
void scenario_file_close(struct scenario_file *file);

/* Appends "at NOW COMMAND" as one line, under the lock that readers take too.
   False: error says why. The caller has validated the command. */
bool scenario_file_inject(const char *path, const struct sim_clock *clock, const char *command, char error[SIM_MAX_ERROR]);

/* A descriptor that polls readable when the file or its folder changes; -1: cannot watch here. */
int scenario_watch_open(const char *path);
/* Empties it, and follows the name to a file that replaced the old one. */
void scenario_watch_drain(int watch, const char *path);

#endif
