#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void events_come_one_by_one_in_order_of_time(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    schedule(0, "gpu 0 xid 13"); /* before the registration: not in the set */
    usleep(1000);
    nvmlEventSet_t set = client_event_set(nvml, 8);
    nvmlEventData_t data;
    const int64_t now = node_time(), step = 60000000; /* fixed moments: a slow machine must not change their order */
    schedule_at(now + 3 * step, "gpu 3 xid 45");
    schedule_at(now + 2 * step, "gpu 2 xid 43");
    schedule_at(now + step, "gpu 1 xid 31");
    client_expect(nvml, set, 1, 8, 31);
    client_expect(nvml, set, 2, 8, 43);
    client_expect(nvml, set, 3, 8, 45);
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 0));
    schedule(0, "gpu 3 xid 45"); /* the same again is another event */
    client_expect(nvml, set, 3, 8, 45);
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 5));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void sets_get_what_they_registered_for(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t xids = client_event_set(nvml, 8), errors = client_event_set(nvml, 1 | 2);
    nvmlEventData_t data;
    uint64_t supported;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetSupportedEventTypes(client_gpu(nvml, 0), &supported));
    CHECK_EQUAL(0xff9f, supported);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceRegisterEvents(client_gpu(nvml, 0), 8 | 0x20, errors));
    schedule(0, "gpu 6 ecc corrected 4");
    schedule(0, "gpu 6 ecc uncorrected 1");
    schedule(0, "gpu 6 xid 94");
    client_expect(nvml, errors, 6, 1, 0);
    client_expect(nvml, errors, 6, 2, 0);
    client_expect(nvml, xids, 6, 8, 94);
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
            nvmlEventSet_t set = client_event_set(nvml, 8);
            CHECK(write(ready[1], "r", 1) == 1);
            for (unsigned j = 0; j < EVENTS; j++) client_expect(nvml, set, j % 8, 8, 100 + j);
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
    nvmlEventSet_t set = client_event_set(nvml, 8), rest;
    nvmlEventData_t data;
    schedule(0, "gpu 5 xid 79");
    nvmlDevice_t first = client_gpu(nvml, 0);
    CHECK_EQUAL(NVML_SUCCESS, client_wait(nvml, set, &data));
    CHECK_EQUAL(79, data.eventData);
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, client_wait(nvml, set, &data));
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceRegisterEvents(data.device, 8, set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&rest));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRegisterEvents(first, 8, rest)); /* a set of the others works */
    schedule(0, "gpu 0 xid 31");
    client_expect(nvml, rest, 0, 8, 31);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_failing_wait_fails_at_once_and_works_again(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8);
    nvmlEventData_t data;
    schedule(60, "event-wait fails");
    CHECK_EQUAL(NVML_ERROR_UNKNOWN, client_wait(nvml, set, &data));
    CHECK_EQUAL(NVML_ERROR_UNKNOWN, client_wait(nvml, set, &data));
    schedule(0, "event-wait works");
    schedule(0, "gpu 1 xid 31");
    client_expect(nvml, set, 1, 8, 31);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

/* Bits of Sysman's events are others than those of NVML, and its GPUs have numbers that NVML's have not. */
static void what_happens_to_an_intel_gpu_is_no_event_of_nvml(void)
{
    use_scenario("node dgx-h100\nintel add max1550 0000:18:00.0\nintel add max1550 0000:19:00.0\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8 | 0x10 | 0x200);
    nvmlEventData_t data;
    schedule(0, "intel 1 throttle thermal 1");
    schedule(0, "intel 1 memory-health critical");
    schedule(0, "intel 0 wedged");
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 20));
    schedule(0, "gpu 1 xid 31");
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetWait_v2(set, &data, 1000));
    CHECK_EQUAL(31, data.eventData);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test event_tests[] = {
    { "what happens to an Intel GPU is no event of NVML", what_happens_to_an_intel_gpu_is_no_event_of_nvml },
    { "events come one by one in order of time", events_come_one_by_one_in_order_of_time },
    { "sets get what they registered for", sets_get_what_they_registered_for },
    { "processes get events independently", processes_get_events_independently },
    { "a lost GPU ends the wait after its last event", a_lost_gpu_ends_the_wait_after_its_last_event },
    { "a failing wait fails at once and works again", a_failing_wait_fails_at_once_and_works_again },
};
const size_t event_test_count = sizeof event_tests / sizeof event_tests[0];
