/* GPUs that go and come, drivers that change, and what the host shows of it. */
#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_removed_gpu_moves_the_others_up(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t second = client_gpu(nvml, 1), third = client_gpu(nvml, 2), found;
    unsigned count, number;
    char uuid[96];
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUUID(second, uuid, sizeof uuid));
    schedule(0, "gpu 1 remove");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(7, count);
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceGetMinorNumber(second, &number));
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetHandleByUUID(uuid, &found));
    CHECK(client_gpu(nvml, 1) == third);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetIndex(third, &number));
    CHECK_EQUAL(1, number);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMinorNumber(third, &number));
    CHECK_EQUAL(2, number); /* device nodes keep their numbers */
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetHandleByIndex_v2(7, &found));
    schedule(0, "gpu 1 add");
    usleep(4000);
    CHECK(client_gpu(nvml, 1) == second && client_gpu(nvml, 7) != NULL);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_gpu_is_drained_removed_and_discovered_by_calls(void)
{
    use_scenario("node dgx-h100\ngpu 5 process 4711 100\n");
    const struct nvml_client *nvml = client_start();
    nvmlPciInfo_t pci, nowhere = { .bus = 2 };
    unsigned state, count;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPciInfo_v3(client_gpu(nvml, 5), &pci));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceQueryDrainState(&nowhere, &state));
    CHECK_EQUAL(NVML_ERROR_IN_USE, nvml->DeviceModifyDrainState(&pci, 1));
    schedule(0, "gpu 5 process 4711 ends");
    usleep(4000);
    CHECK_EQUAL(NVML_ERROR_IN_USE, nvml->DeviceRemoveGpu_v2(&pci, 1, 0)); /* not drained yet */
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceModifyDrainState(&pci, 1));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceQueryDrainState(&pci, &state));
    CHECK_EQUAL(1, state);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRemoveGpu_v2(&pci, 1, 0));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(7, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceDiscoverGpus(&pci));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(8, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void without_a_scenario_file_nothing_is_changed(void)
{
    const struct nvml_client *nvml = client_start();
    nvmlReturn_t status;
    CHECK_EQUAL(NVML_ERROR_NO_PERMISSION, nvml->DeviceSetMigMode(client_gpu(nvml, 0), 1, &status));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void system_events_tell_of_drivers(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlSystemEventSetCreateRequest_v1_t create = { .version = VERSION_WORD(nvmlSystemEventSetCreateRequest_v1_t, 1) };
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemEventSetCreate(&create));
    nvmlSystemRegisterEventRequest_v1_t add = { VERSION_WORD(nvmlSystemRegisterEventRequest_v1_t, 1), 3, create.set };
    nvmlSystemEventSetFreeRequest_v1_t end = { VERSION_WORD(nvmlSystemEventSetFreeRequest_v1_t, 1), create.set };
    nvmlSystemEventData_v1_t events[2];
    nvmlSystemEventSetWaitRequest_v1_t wait = { .version = VERSION_WORD(nvmlSystemEventSetWaitRequest_v1_t, 1), .set = create.set,
                                                .data = events, .dataSize = 2, .timeoutms = 20 };
    schedule(0, "gpu 7 unbind"); /* before the registration */
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemRegisterEvents(&add));
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->SystemEventSetWait(&wait));
    const int64_t moment = node_time() + 30000000;
    schedule_at(moment, "gpu 0 unbind");
    schedule_at(moment + 1000000, "gpu 1 remove");
    schedule_at(moment + 2000000, "gpu 0 bind");
    usleep(40000);
    wait.timeoutms = CLIENT_LONG_WAIT;
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemEventSetWait(&wait));
    CHECK_EQUAL(2, wait.numEvent);
    CHECK_EQUAL(1, events[0].eventType);
    CHECK_EQUAL(0x1b00, events[0].gpuId);
    CHECK_EQUAL(0x4300, events[1].gpuId);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemEventSetWait(&wait)); /* a full answer: there may be more */
    CHECK(wait.numEvent == 1 && events[0].eventType == 2 && events[0].gpuId == 0x1b00);
    wait.timeoutms = 0;
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->SystemEventSetWait(&wait));
    wait.version = 1;
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->SystemEventSetWait(&wait));
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemEventSetFree(&end));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->SystemEventSetFree(&end));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_driver_upgrade_needs_a_new_process(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    nvmlEventSet_t set = client_event_set(nvml, 8);
    nvmlEventData_t data;
    char text[96];
    schedule(0, "driver-version 580.65.06");
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, client_wait(nvml, set, &data));
    CHECK_EQUAL(NVML_ERROR_GPU_IS_LOST, nvml->DeviceGetName(gpu, text, sizeof text));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
    CHECK_EQUAL(NVML_ERROR_LIB_RM_VERSION_MISMATCH, nvml->Init_v2());
    if (fork() == 0) { /* the library is in memory here too: what a process starts with is what it loaded */
        CHECK_EQUAL(NVML_ERROR_LIB_RM_VERSION_MISMATCH, nvml->Init_v2());
        _exit(0);
    }
    int status;
    CHECK(wait(&status) > 0 && status == 0);
}

static void a_process_after_the_upgrade_has_the_new_driver(void)
{
    use_scenario("node dgx-h100\nat 0s driver-version 580.65.06\n");
    CHECK(node_time() > 0);
    usleep(2000);
    const struct nvml_client *nvml = client_start();
    char text[96];
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetDriverVersion(text, sizeof text));
    CHECK_TEXT("580.65.06", text);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGspFirmwareVersion(client_gpu(nvml, 0), text));
    CHECK_TEXT("580.65.06", text);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void every_type_of_event_can_be_raised(void)
{
    static const struct { const char *command; uint64_t type; } raised[] = {
        { "gpu 1 ecc corrected 1", 1 }, { "gpu 1 ecc uncorrected 1", 2 }, { "gpu 1 pstate 8", 4 }, { "gpu 1 xid 31", 8 },
        { "gpu 1 clock 1200", 0x10 }, { "gpu 1 power-source changed", 0x80 }, { "gpu 1 mig on", 0x100 }, { "gpu 1 ecc storm", 0x200 },
        { "gpu 1 dram-retirement", 0x400 }, { "gpu 1 dram-retirement failed", 0x800 }, { "gpu 1 poison non-fatal", 0x1000 },
        { "gpu 1 poison fatal", 0x2000 }, { "gpu 1 recovery-action 4", 0x8000 }, { "gpu 1 unavailable", 0x4000 },
    };
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 1);
    nvmlEventSet_t set = client_event_set(nvml, 0xff9f);
    nvmlEventData_t data;
    unsigned number;
    for (size_t i = 0; i < sizeof raised / sizeof raised[0]; i++) {
        schedule(0, raised[i].command);
        CHECK_EQUAL(NVML_SUCCESS, client_wait(nvml, set, &data));
        CHECK_EQUAL(raised[i].type, data.eventType);
        CHECK_EQUAL(raised[i].type == 8 ? 31 : 0, data.eventData);
    }
    CHECK_EQUAL(NVML_ERROR_RESET_REQUIRED, nvml->DeviceGetPowerUsage(gpu, &number));
    schedule(0, "gpu 1 reset"); /* the recovery action changes back */
    client_expect(nvml, set, 1, 0x8000, 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPowerUsage(gpu, &number));
    schedule(0, "gpu 1 xid 48"); /* raises two: the Xid, and the recovery action that it asks for */
    client_expect(nvml, set, 1, 8, 48);
    client_expect(nvml, set, 1, 0x8000, 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test presence_tests[] = {
    { "a removed GPU moves the others up", a_removed_gpu_moves_the_others_up },
    { "a GPU is drained, removed and discovered by calls", a_gpu_is_drained_removed_and_discovered_by_calls },
    { "without a scenario file nothing is changed", without_a_scenario_file_nothing_is_changed },
    { "system events tell of drivers", system_events_tell_of_drivers },
    { "a driver upgrade needs a new process", a_driver_upgrade_needs_a_new_process },
    { "a process after the upgrade has the new driver", a_process_after_the_upgrade_has_the_new_driver },
    { "every type of event can be raised", every_type_of_event_can_be_raised },
};
const size_t presence_test_count = sizeof presence_tests / sizeof presence_tests[0];
