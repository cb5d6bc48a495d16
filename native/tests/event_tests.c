#define _GNU_SOURCE
#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LONG = 20000 }; /* ms; a wait that ends by it was not woken */

static nvmlReturn_t wait_woken(const struct nvml_client *nvml, nvmlEventSet_t set, nvmlEventData_t *data)
{
    int64_t start = sim_monotonic();
    nvmlReturn_t result = nvml->EventSetWait_v2(set, data, LONG);
    CHECK(sim_monotonic() - start < LONG / 2 * INT64_C(1000000));
    return result;
}

static nvmlEventSet_t registered(const struct nvml_client *nvml, uint64_t types)
{
    nvmlEventSet_t set;
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&set));
    for (unsigned i = 0; i < 8; i++) CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRegisterEvents(client_gpu(nvml, i), types, set));
    return set;
}

static void expect(const struct nvml_client *nvml, nvmlEventSet_t set, unsigned gpu, uint64_t type, uint64_t what)
{
    nvmlEventData_t data;
    CHECK_EQUAL(NVML_SUCCESS, wait_woken(nvml, set, &data));
    CHECK_EQUAL(what, data.eventData);
    CHECK_EQUAL(type, data.eventType);
    CHECK(data.device == client_gpu(nvml, gpu));
    CHECK(data.gpuInstanceId == UINT32_MAX && data.computeInstanceId == UINT32_MAX);
}

static void events_come_one_by_one_in_order_of_time(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    schedule(0, "gpu 0 xid 13"); /* before the registration: not in the set */
    usleep(1000);
    nvmlEventSet_t set = registered(nvml, 8);
    nvmlEventData_t data;
    schedule(120, "gpu 3 xid 45");
    schedule(60, "gpu 2 xid 43");
    schedule(0, "gpu 1 xid 31");
    expect(nvml, set, 1, 8, 31);
    expect(nvml, set, 2, 8, 43);
    expect(nvml, set, 3, 8, 45);
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 0));
    schedule(0, "gpu 3 xid 45"); /* the same again is another event */
    expect(nvml, set, 3, 8, 45);
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 5));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void sets_get_what_they_registered_for(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t xids = registered(nvml, 8), errors = registered(nvml, 1 | 2);
    nvmlEventData_t data;
    uint64_t supported;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetSupportedEventTypes(client_gpu(nvml, 0), &supported));
    CHECK_EQUAL(1 | 2 | 8, supported);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceRegisterEvents(client_gpu(nvml, 0), 8 | 0x200, errors));
    schedule(0, "gpu 6 ecc corrected 4");
    schedule(0, "gpu 6 ecc uncorrected 1");
    schedule(0, "gpu 6 xid 94");
    expect(nvml, errors, 6, 1, 0);
    expect(nvml, errors, 6, 2, 0);
    expect(nvml, xids, 6, 8, 94);
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(errors, &data, 0));
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(xids, &data, 0));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(errors));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->EventSetWait_v2(errors, &data, 0));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->EventSetFree(errors));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown()); /* takes the other set with it */
}

static void processes_get_events_independently(void)
{
    enum { PROCESSES = 4, EVENTS = 10 };
    use_scenario("node dgx-h100\n");
    int ready[2];
    char byte;
    CHECK(pipe(ready) == 0);
    for (int i = 0; i < PROCESSES; i++)
        if (fork() == 0) {
            const struct nvml_client *nvml = client_start();
            nvmlEventSet_t set = registered(nvml, 8);
            CHECK(write(ready[1], "r", 1) == 1);
            for (unsigned j = 0; j < EVENTS; j++) expect(nvml, set, j % 8, 8, 100 + j);
            _exit(0);
        }
    for (int i = 0; i < PROCESSES; i++) CHECK(read(ready[0], &byte, 1) == 1);
    for (unsigned j = 0; j < EVENTS; j++) {
        char command[32];
        snprintf(command, sizeof command, "gpu %u xid %u", j % 8, 100 + j);
        schedule(0, command);
    }
    for (int i = 0, status; i < PROCESSES; i++) CHECK(wait(&status) > 0 && status == 0);
}

static void a_lost_gpu_ends_the_wait_after_its_last_event(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = registered(nvml, 8), rest;
    nvmlEventData_t data;
    schedule(0, "gpu 5 xid 79");
    nvmlDevice_t first = client_gpu(nvml, 0);
    CHECK_EQUAL(NVML_SUCCESS, wait_woken(nvml, set, &data));
    CHECK_EQUAL(79, data.eventData);
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, wait_woken(nvml, set, &data));
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceRegisterEvents(data.device, 8, set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&rest));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRegisterEvents(first, 8, rest)); /* a set of the others works */
    schedule(0, "gpu 0 xid 31");
    expect(nvml, rest, 0, 8, 31);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_failing_wait_fails_at_once_and_works_again(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = registered(nvml, 8);
    nvmlEventData_t data;
    schedule(60, "event-wait fails");
    CHECK_EQUAL(NVML_ERROR_UNKNOWN, wait_woken(nvml, set, &data));
    CHECK_EQUAL(NVML_ERROR_UNKNOWN, wait_woken(nvml, set, &data));
    schedule(0, "event-wait works");
    schedule(0, "gpu 1 xid 31");
    expect(nvml, set, 1, 8, 31);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

struct waiter {
    const struct nvml_client *nvml;
    nvmlEventSet_t set;
    nvmlReturn_t result;
};

static void *wait_long(void *context)
{
    struct waiter *waiter = context;
    nvmlEventData_t data;
    waiter->result = wait_woken(waiter->nvml, waiter->set, &data);
    return NULL;
}

static void a_wait_ends_when_its_set_or_the_library_goes(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    struct waiter freed = { nvml, registered(nvml, 8), 0 }, shut = { nvml, registered(nvml, 8), 0 };
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
    nvmlEventSet_t set = registered(nvml, 8);
    char next[128];
    for (unsigned round = 0; round < 3; round++) { /* as editors do it: a new file under the old name */
        snprintf(next, sizeof next, "%s.new", path);
        FILE *file = fopen(next, "w");
        CHECK(file != NULL && fprintf(file, "node dgx-h100\nat %.6fs gpu %u xid 31\n", (double)node_time() / 1e9, round) > 0 && fclose(file) == 0);
        CHECK(rename(next, path) == 0);
        expect(nvml, set, round, 8, 31);
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
    nvmlEventSet_t set = registered(nvml, 8);
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

static volatile bool enough;

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
    nvmlEventSet_t set = registered(nvml, 8);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) CHECK(pthread_create(&threads[i], NULL, hammer, (void *)nvml) == 0);
    for (unsigned i = 0; i < 20; i++) {
        schedule(0, "gpu 7 xid 43");
        expect(nvml, set, 7, 8, 43);
    }
    enough = true;
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test event_tests[] = {
    { "events come one by one in order of time", events_come_one_by_one_in_order_of_time },
    { "sets get what they registered for", sets_get_what_they_registered_for },
    { "processes get events independently", processes_get_events_independently },
    { "a lost GPU ends the wait after its last event", a_lost_gpu_ends_the_wait_after_its_last_event },
    { "a failing wait fails at once and works again", a_failing_wait_fails_at_once_and_works_again },
    { "a wait ends when its set or the library goes", a_wait_ends_when_its_set_or_the_library_goes },
    { "a scenario that is replaced is followed", a_scenario_that_is_replaced_is_followed },
    { "a scenario behind a link is followed to a new target", a_scenario_behind_a_link_is_followed_to_a_new_target },
    { "threads read while events come", threads_read_while_events_come },
};
const size_t event_test_count = sizeof event_tests / sizeof event_tests[0];
