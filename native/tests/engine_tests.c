#define _GNU_SOURCE
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void nobody(void *context, unsigned line, const char *what)
{
    (void)context;
    check_failed(__FILE__, __LINE__, "line %u: %s", line, what);
}

/* The state at a moment; good until the next call. */
static const struct sim_state *at(const char *text, double seconds)
{
    struct scenario *scenario = scenario_parse(text, strlen(text), nobody, NULL);
    static struct sim_state state;
    sim_state_start(scenario, &state);
    sim_state_advance(scenario, &state, (int64_t)(seconds * 1e9));
    scenario_free(scenario);
    return &state;
}

static void a_state_is_a_function_of_time(void)
{
    const char *text = "at 1s gpu 3 xid 48\nat 2s gpu 3 reset\nat 3s gpu 3 xid 79\nat 4s gpu 3 reset\nat 5s boot\n";
    struct gpu_state gpu = at(text, 0.5)->gpu[3];
    CHECK(!gpu.lost && gpu.ecc_volatile[1] == 0 && gpu.recovery == 0);
    gpu = at(text, 1.5)->gpu[3];
    CHECK(!gpu.lost && gpu.ecc_volatile[1] == 1 && gpu.ecc_aggregate[1] == 1 && gpu.recovery == 1);
    gpu = at(text, 2.5)->gpu[3];
    CHECK(gpu.ecc_volatile[1] == 0 && gpu.ecc_aggregate[1] == 1 && gpu.recovery == 0);
    gpu = at(text, 4.5)->gpu[3];
    CHECK(gpu.lost && gpu.recovery == 2); /* no reset reaches it */
    const struct sim_state *booted = at(text, 5);
    CHECK(!booted->gpu[3].lost && booted->gpu[3].recovery == 0 && booted->boots == 1);
    CHECK_EQUAL(1, booted->gpu[3].ecc_aggregate[1]); /* the InfoROM's */
}

static void a_reset_finds_a_lost_gpu_and_finishes_remapping(void)
{
    const char *text = "at 1s gpu 2 lost\nat 1s gpu 2 remap pending\nat 1s gpu 2 remap uncorrectable 3\nat 2s gpu 2 reset\n";
    struct gpu_state gpu = at(text, 1)->gpu[2];
    CHECK(gpu.lost && gpu.remap_pending && gpu.remap_uncorrectable == 3);
    gpu = at(text, 2)->gpu[2];
    CHECK(!gpu.lost && !gpu.remap_pending && gpu.remap_uncorrectable == 3);
}

static void energy_integrates_power_and_a_reset_starts_it_again(void)
{
    const struct gpu_model *model = node_model_at(0)->gpu[0];
    const struct sim_state *state = at("gpu 1 power 300\nat 10s gpu 1 power 500\nat 20s gpu 1 reset\n", 15);
    const int64_t second = 1000000000;
    double fifteen = sim_energy_mj(model, 1, &state->gpu[1], 15 * second), sixteen = sim_energy_mj(model, 1, &state->gpu[1], 16 * second);
    CHECK_EQUAL(500000, (long long)(sixteen - fifteen + 0.5));
    state = at("gpu 1 power 300\nat 10s gpu 1 power 500\nat 20s gpu 1 reset\n", 21);
    CHECK_EQUAL(500000, (long long)(sim_energy_mj(model, 1, &state->gpu[1], 21 * second) + 0.5));

    /* Without pins: the closed form agrees with a sum over small steps, and never falls. */
    state = at("", 0);
    double start = sim_energy_mj(model, 2, &state->gpu[2], 0), sum = 0, last = start;
    for (int64_t now = 0; now < 90 * second; now += second / 10) {
        unsigned power = sim_power_mw(model, 2, &state->gpu[2], now + second / 20);
        CHECK(power >= 100000 && power <= 700000);
        sum += power / 10.0;
        double energy = sim_energy_mj(model, 2, &state->gpu[2], now);
        CHECK(energy >= last);
        last = energy;
    }
    double measured = sim_energy_mj(model, 2, &state->gpu[2], 90 * second) - start;
    CHECK(measured > sum * 0.999 && measured < sum * 1.001);
}

static void identities_differ_and_stay(void)
{
    char uuids[64][41];
    size_t count = 0;
    const struct node_model *model;
    for (size_t i = 0; (model = node_model_at(i)) != NULL; i++)
        for (unsigned gpu = 0; gpu < model->gpus; gpu++, count++) {
            char again[41], serial[30];
            node_model_uuid(model, gpu, uuids[count]);
            node_model_uuid(model, gpu, again);
            node_model_serial(model, gpu, serial);
            CHECK_TEXT(uuids[count], again);
            CHECK_EQUAL(13, strlen(serial));
            unsigned a, b, c, d, used = 0;
            unsigned long long e;
            CHECK(sscanf(again, "GPU-%8x-%4x-%4x-%4x-%12llx%n", &a, &b, &c, &d, &e, (int *)&used) == 5 && used == 40);
            for (size_t other = 0; other < count; other++) CHECK(strcmp(uuids[other], uuids[count]) != 0);
        }
    CHECK_EQUAL(36, count);
}

static void one_race_for_time_zero(void)
{
    enum { RUNNERS = 12 };
    int results[2], start[2];
    char byte;
    CHECK(pipe(results) == 0 && pipe(start) == 0);
    for (int i = 0; i < RUNNERS; i++)
        if (fork() == 0) {
            struct sim_clock clock;
            close(start[1]);
            if (read(start[0], &byte, 1) != 0) _exit(2); /* all go when the parent closes its end */
            int64_t epoch = sim_clock_open(&clock, test_folder) ? clock.epoch : -errno;
            _exit(write(results[1], &epoch, sizeof epoch) != sizeof epoch);
        }
    close(start[1]);
    int64_t first = 0, epoch;
    for (int i = 0; i < RUNNERS; i++) {
        CHECK(read(results[0], &epoch, sizeof epoch) == sizeof epoch && epoch > 0);
        first = i == 0 ? epoch : first;
        CHECK_EQUAL(first, epoch);
    }
    while (wait(NULL) > 0) continue;
    close(results[0]), close(results[1]), close(start[0]);
}

static void all_who_come_first_agree_on_time_zero(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/epoch", test_folder);
    for (int round = 0; round < 15; round++) { /* one round may see no two at the same moment */
        one_race_for_time_zero();
        CHECK(unlink(path) == 0);
    }
}

static void injections_of_many_processes_are_whole_lines_in_order_of_time(void)
{
    enum { RUNNERS = 8, EACH = 25 };
    const char *path = use_scenario("node dgx-h100"); /* without an end of line, as an editor may leave it */
    for (int i = 0; i < RUNNERS; i++)
        if (fork() == 0) {
            char command[32], error[SIM_MAX_ERROR];
            struct sim_clock clock;
            bool good = sim_clock_open(&clock, test_folder);
            snprintf(command, sizeof command, "gpu %d xid %d", i, 31 + i);
            for (int j = 0; good && j < EACH; j++) good = scenario_file_inject(path, &clock, command, error);
            _exit(!good);
        }
    for (int status; wait(&status) > 0;) CHECK_EQUAL(0, status);
    struct scenario_file file = { .path = path };
    struct scenario *scenario = scenario_file_read(&file, true, nobody, NULL);
    CHECK_EQUAL(RUNNERS * EACH, scenario->entry_count);
    /* The clocks of two processes differ by microseconds, no more; sorting by time keeps each process's order. */
    unsigned counts[RUNNERS] = { 0 };
    for (size_t i = 0; i < scenario->entry_count; i++) counts[scenario->entries[i].action.device]++;
    for (int i = 0; i < RUNNERS; i++) CHECK_EQUAL(EACH, counts[i]);
    CHECK(scenario_file_read(&file, false, nobody, NULL) == NULL); /* unchanged: not read again */
    scenario_free(scenario);
    scenario_file_close(&file);
}

static void an_unusable_epoch_is_an_error(void)
{
    char path[96];
    struct sim_clock clock;
    snprintf(path, sizeof path, "%s/epoch", test_folder);
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs("yesterday\n", file) >= 0 && fclose(file) == 0);
    CHECK(!sim_clock_open(&clock, test_folder) && errno == EINVAL);
    CHECK(!sim_clock_open(&clock, "/nowhere/at/all") && errno == ENOENT);
}

const struct test engine_tests[] = {
    { "a state is a function of time", a_state_is_a_function_of_time },
    { "a reset finds a lost GPU and finishes remapping", a_reset_finds_a_lost_gpu_and_finishes_remapping },
    { "energy integrates power, and a reset starts it again", energy_integrates_power_and_a_reset_starts_it_again },
    { "identities differ and stay", identities_differ_and_stay },
    { "all who come first agree on time zero", all_who_come_first_agree_on_time_zero },
    { "injections of many processes are whole lines", injections_of_many_processes_are_whole_lines_in_order_of_time },
    { "an unusable epoch is an error", an_unusable_epoch_is_an_error },
};
const size_t engine_test_count = sizeof engine_tests / sizeof engine_tests[0];
