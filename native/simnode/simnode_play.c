#define _GNU_SOURCE
#include "key_set.h"
#include "simnode_signs.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct player {
    const struct simnode *options;
    struct sim_clock clock;
    struct scenario_file file;
    struct scenario *scenario;
    struct sim_state state; /* as far as it was told */
    struct signs signs;
    struct key_set told; /* keys of the entries that were told */
};

static bool changes_files(const struct sim_entry *entry)
{
    return entry->system_events != 0 || (entry->events & 0x100) != 0 || entry->action.kind == SIM_RESET;
}

/* A reset concerns all units of a group; any other command one. */
static bool show_unit(struct player *player, const struct sim_entry *entry)
{
    const unsigned vendor = entry->action.target - TARGET_NPU, unit = entry->action.device;
    if (vendor == UNIT_INTEL) return true;
    const unsigned group = entry->action.kind == SIM_RESET ? player->scenario->model->units[vendor].model->reset_group : 1;
    bool good = true;
    for (unsigned i = unit / group * group; good && i < (unit / group + 1) * group && i < player->scenario->units[vendor]; i++)
        if ((entry->unit_events & EVENT_FILES) != 0) good = simnode_put_unit(player->options, player->scenario, vendor, i, &player->state.unit[vendor][i]);
    return good && signs_of_unit(&player->signs, player->scenario, entry, &player->state.unit[vendor][unit]);
}

/* Everything that an entry changes is there before it is told: who hears of it may act at once. */
static bool show(struct player *player, const struct sim_entry *entry)
{
    if (entry->action.target >= TARGET_NPU) return show_unit(player, entry);
    switch (entry->action.kind) {
    case SIM_BOOT:
        return signs_start(&player->signs, player->options, entry->at)
            && simnode_write_node(player->options, player->scenario, &player->state, &player->clock);
    case SIM_DRIVER_VERSION: return simnode_write_driver(player->options, player->scenario, &player->state);
    case SIM_SEGV: case SIM_SEGV_ALWAYS: case SIM_WAIT_FAILS: case SIM_WAIT_WORKS: case SIM_CONFIDENTIAL: return true;
    default: break;
    }
    const struct gpu_state *gpu = &player->state.gpu[entry->action.device];
    return (!changes_files(entry) || simnode_put_gpu(player->options, player->scenario, entry->action.device, gpu))
        && signs_of_entry(&player->signs, player->scenario, entry, gpu);
}

/* Tells what is due; the time of the next entry, INT64_MAX without one, -1 when a file cannot be written. */
static int64_t tell(struct player *player, int64_t now)
{
    while (player->state.applied < player->scenario->entry_count) {
        const struct sim_entry *entry = &player->scenario->entries[player->state.applied];
        if (entry->at > now) return entry->at;
        sim_state_step(player->scenario, &player->state);
        if (!key_set_add(&player->told, entry->key)) continue;
        if (!show(player, entry)) return -1;
        printf("%.1fs %s\n", (double)entry->at / 1e9, entry->text);
        if (fflush(stdout) != 0) return -1;
    }
    return INT64_MAX;
}

/* True until stdin ends. What comes in is of no interest. */
static bool input_lives(short events)
{
    char ignored[512];
    if ((events & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0) return true;
    ssize_t got = read(STDIN_FILENO, ignored, sizeof ignored);
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

static int follow(struct player *player)
{
    int watch = scenario_watch_open(player->file.path);
    const int64_t look_without_watch = 20000000; /* ns */
    struct pollfd descriptors[] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = watch, .events = POLLIN } };
    int result = 0;
    for (;;) {
        struct scenario *changed = simnode_read(&player->file, false, NULL);
        if (changed != NULL) {
            scenario_free(player->scenario);
            player->scenario = changed;
            sim_state_start(changed, &player->state);
        }
        int64_t now = sim_clock_now(&player->clock), next = tell(player, now);
        if (next < 0) {
            result = EXIT_IO;
            break;
        }
        int64_t left = next == INT64_MAX ? 3600 * INT64_C(1000000000) : next - now;
        if (watch < 0 && left > look_without_watch) left = look_without_watch;
        struct timespec timeout = { .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
        descriptors[0].revents = 0;
        if (ppoll(descriptors, 2, &timeout, NULL) < 0 && errno != EINTR) {
            result = EXIT_IO;
            break;
        }
        if (!input_lives(descriptors[0].revents)) break;
        if (watch >= 0) scenario_watch_drain(watch, player->file.path);
    }
    if (watch >= 0) close(watch);
    return result;
}

int simnode_play(const struct simnode *options)
{
    struct player player = { .options = options, .file = { .path = options->scenario } };
    player.scenario = simnode_read(&player.file, true, NULL);
    if (player.scenario == NULL) return EXIT_NO_INPUT;
    sim_state_start(player.scenario, &player.state);
    bool ready = simnode_clock(options, &player.clock) && signs_start(&player.signs, options, 0);
    int result = ready ? follow(&player) : EXIT_IO;
    scenario_free(player.scenario);
    scenario_file_close(&player.file);
    key_set_free(&player.told);
    return result;
}
