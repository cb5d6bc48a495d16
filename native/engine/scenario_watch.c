#define _GNU_SOURCE
#include "scenario_file.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

/* The folder shows an editor that renames a new file into place; the file itself shows writes through a symbolic link. */
static void follow(int watch, const char *path)
{
    inotify_add_watch(watch, path, IN_MODIFY | IN_CLOSE_WRITE);
}

int scenario_watch_open(const char *path)
{
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0) return -1; /* the user's inotify instances are used up: the caller looks at intervals */
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    if (inotify_add_watch(watch, dirname(folder), IN_CREATE | IN_MOVED_TO | IN_MODIFY) < 0) {
        close(watch);
        return -1;
    }
    follow(watch, path);
    return watch;
}

void scenario_watch_drain(int watch, const char *path)
{
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    bool renamed = false;
    for (ssize_t got; (got = read(watch, events, sizeof events)) > 0;)
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const void *)(events + at);
            renamed = renamed || (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
            at += (ssize_t)(sizeof *event + event->len);
        }
    if (renamed) follow(watch, path);
}
