/* What ends a wait for events, and what threads do meanwhile. */
#define _GNU_SOURCE
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct waiter {
    const struct nvml_client *nvml;
    nvmlEventSet_t set;
    nvmlReturn_t result;
};

static void *wait_long(void *context)
{
    struct waiter *waiter = context;
    nvmlEventData_t data;
    waiter->result = client_wait(waiter->nvml, waiter->set, &data);
    return NULL;
}

static void a_wait_ends_when_its_set_or_the_library_goes(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    struct waiter freed = { nvml, client_event_set(nvml, 8), 0 }, shut = { nvml, client_event_set(nvml, 8), 0 };
    pthread_t threads[2];
    CHECK(pthread_create(&threads[0], NULL, wait_long, &freed) == 0);
    CHECK(pthread_create(&threads[1], NULL, wait_long, &shut) == 0);
    usleep(20000); /* either order is right; this one has them wait already */
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(freed.set));
    pthread_join(threads[0], NULL);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, freed.result);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
    pthread_join(threads[1], NULL);
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, shut.result);
}

static void a_scenario_that_is_replaced_is_followed(void)
{
    const char *path = use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8);
    char next[128];
    for (unsigned round = 0; round < 3; round++) { /* as editors do it: a new file under the old name */
        snprintf(next, sizeof next, "%s.new", path);
        FILE *file = fopen(next, "w");
        CHECK(file != NULL && fprintf(file, "node dgx-h100\nat %.6fs gpu %u xid 31\n", (double)node_time() / 1e9, round) > 0 && fclose(file) == 0);
        CHECK(rename(next, path) == 0);
        client_expect(nvml, set, round, 8, 31);
    }
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_scenario_behind_a_link_is_followed_to_a_new_target(void)
{
    use_scenario("node dgx-h100\n");
    char link[128], next[128], target[3][128];
    snprintf(link, sizeof link, "%s/link", test_folder);
    snprintf(next, sizeof next, "%s/link.new", test_folder);
    for (int i = 0; i < 3; i++) { /* each in a folder of its own, where only a watch of the file itself sees it */
        snprintf(target[i], sizeof target[i], "%s/%d", test_folder, i);
        CHECK(mkdir(target[i], 0755) == 0);
        strcat(target[i], "/scenario.txt");
        FILE *file = fopen(target[i], "w");
        CHECK(file != NULL && fputs("node dgx-h100\n", file) >= 0 && fclose(file) == 0);
    }
    CHECK(symlink(target[0], link) == 0 && setenv("AIINFRA_SIM_SCENARIO", link, 1) == 0);
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8);
    struct sim_clock clock;
    char error[SIM_MAX_ERROR];
    CHECK(sim_clock_open(&clock, test_folder));
    for (unsigned i = 0; i < 3; i++) {
        nvmlEventData_t data;
        if (i > 0) CHECK(symlink(target[i], next) == 0 && rename(next, link) == 0);
        CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 20)); /* it hears of the new link in here */
        pthread_t thread;
        struct waiter waiter = { nvml, set, 0 };
        CHECK(pthread_create(&thread, NULL, wait_long, &waiter) == 0);
        usleep(20000);
        CHECK(scenario_file_inject(target[i], &clock, "gpu 1 xid 31", error));
        pthread_join(thread, NULL);
        CHECK_EQUAL(NVML_SUCCESS, waiter.result);
    }
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static atomic_bool enough;

static void *hammer(void *context)
{
    const struct nvml_client *nvml = context;
    nvmlUtilization_t utilization;
    while (!enough) CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUtilizationRates(client_gpu(nvml, 4), &utilization));
    return NULL;
}

static void threads_read_while_events_come(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, hammer, (void *)nvml) == 0);
    for (unsigned i = 0; i < 20; i++) {
        schedule(0, "gpu 7 xid 43");
        client_expect(nvml, set, 7, 8, 43);
    }
    enough = true;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test wake_tests[] = {
    { "a wait ends when its set or the library goes", a_wait_ends_when_its_set_or_the_library_goes },
    { "a scenario that is replaced is followed", a_scenario_that_is_replaced_is_followed },
    { "a scenario behind a link is followed to a new target", a_scenario_behind_a_link_is_followed_to_a_new_target },
    { "threads read while events come", threads_read_while_events_come },
};
const size_t wake_test_count = sizeof wake_tests / sizeof wake_tests[0];
