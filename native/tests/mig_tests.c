/* Divided GPUs: devices, instances, their life, and what they answer. */
#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void a_gpu_is_divided_and_whole_again_as_the_timeline_says(void)
{
    use_scenario("node dgx-h100\ngpu 0 mig 1g.10gb x7\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0), device, parent, found;
    unsigned mode[2], count, number;
    nvmlDeviceAttributes_t attributes;
    nvmlMemory_t memory;
    char uuid[96], name[96];
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMigMode(gpu, &mode[0], &mode[1]));
    CHECK(mode[0] == 1 && mode[1] == 1);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMaxMigDeviceCount(gpu, &count));
    CHECK_EQUAL(7, count);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMigDeviceHandleByIndex(gpu, i, &device));
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceIsMigDeviceHandle(device, &number));
        CHECK_EQUAL(1, number);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetDeviceHandleFromMigDeviceHandle(device, &parent));
        CHECK(parent == gpu);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstanceId(device, &number));
        CHECK_EQUAL(7 + i, number);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetComputeInstanceId(device, &number));
        CHECK_EQUAL(0, number);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetAttributes_v2(device, &attributes));
        CHECK(attributes.multiprocessorCount == 16 && attributes.gpuInstanceSliceCount == 1 && attributes.memorySizeMB == 9984);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryInfo(device, &memory));
        CHECK_EQUAL(9984, memory.total >> 20);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUUID(device, uuid, sizeof uuid));
        CHECK(strncmp(uuid, "MIG-", 4) == 0 && strlen(uuid) == 40);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetHandleByUUID(uuid, &found));
        CHECK(found == device);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetName(device, name, sizeof name));
        CHECK_TEXT("NVIDIA H100 80GB HBM3 MIG 1g.10gb", name);
    }
    schedule(0, "gpu 0 mig off");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMaxMigDeviceCount(gpu, &count));
    CHECK_EQUAL(0, count);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetUUID(device, uuid, sizeof uuid)); /* a handle of nothing */
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetMigDeviceHandleByIndex(gpu, 0, &device));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_divided_gpu_refuses_what_it_cannot_tell(void)
{
    use_scenario("node dgx-h100\ngpu 0 mig 3g.40gb,2g.20gb\ngpu 1 mig on\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0), device, empty = client_gpu(nvml, 1);
    nvmlUtilization_t utilization;
    nvmlRemappedRowsInfo_v2_t rows;
    unsigned a, b, c, d, found = 0;
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetUtilizationRates(gpu, &utilization));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetEncoderUtilization(gpu, &a, &b));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetJpgUtilization(gpu, &a, &b));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetProcessUtilization(gpu, NULL, &a, 0));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetRemappedRows(gpu, &a, &b, &c, &d));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetRemappedRows_v2(gpu, &rows));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, client_field(nvml, gpu, 142, 0).nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRemappedRows(empty, &a, &b, &c, &d)); /* MIG is on, but there is no instance */
    for (unsigned i = 0; i < 7; i++) { /* empty slots lie between */
        nvmlReturn_t result = nvml->DeviceGetMigDeviceHandleByIndex(gpu, i, &device);
        CHECK(result == NVML_SUCCESS || result == NVML_ERROR_NOT_FOUND);
        found += result == NVML_SUCCESS;
        if (result == NVML_SUCCESS) CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetUtilizationRates(device, &utilization));
    }
    CHECK_EQUAL(2, found);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetMigDeviceHandleByIndex(gpu, 7, &device));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetGpuInstanceId(gpu, &a));
    nvmlDeviceAttributes_t attributes;
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetAttributes_v2(gpu, &attributes));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void profiles_are_walked_until_two(void)
{
    use_scenario("node dgx-a100\ngpu 2 mig on\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 2);
    unsigned profiles = 0, index = 0, count = 0, left;
    nvmlGpuInstancePlacement_t places[8];
    for (nvmlReturn_t result; (result = nvml->DeviceGetGpuInstanceProfileInfo(gpu, index, &(nvmlGpuInstanceProfileInfo_t){ 0 })) != NVML_ERROR_INVALID_ARGUMENT; index++) {
        nvmlGpuInstanceProfileInfo_v2_t second = { .version = VERSION_WORD(nvmlGpuInstanceProfileInfo_v2_t, 2) };
        nvmlGpuInstanceProfileInfo_v3_t third = { .version = VERSION_WORD(nvmlGpuInstanceProfileInfo_v3_t, 3) };
        CHECK_EQUAL(result, nvml->DeviceGetGpuInstanceProfileInfoV(gpu, index, &second));
        CHECK_EQUAL(result, nvml->DeviceGetGpuInstanceProfileInfoV(gpu, index, (void *)&third));
        if (result != NVML_SUCCESS) continue;
        profiles++;
        CHECK(second.id == third.id && second.memorySizeMB == third.memorySizeMB && second.sliceCount == third.sliceCount);
        CHECK_TEXT(second.name, third.name);
    }
    CHECK(profiles == 7 && index == 18);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstancePossiblePlacements_v2(gpu, 14, NULL, &count));
    CHECK_EQUAL(3, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstancePossiblePlacements_v2(gpu, 14, places, &count));
    CHECK(places[2].start == 4 && places[2].size == 2);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstanceRemainingCapacity(gpu, 19, &left));
    CHECK_EQUAL(7, left);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetGpuInstanceRemainingCapacity(client_gpu(nvml, 0), 19, &left)); /* MIG is off */
    nvmlGpuInstanceProfileInfo_v2_t wrong = { .version = 1 };
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetGpuInstanceProfileInfoV(gpu, 0, &wrong));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void instances_are_made_and_destroyed_by_calls(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 4), device;
    nvmlReturn_t status;
    nvmlGpuInstance_t instance, other, list[7];
    nvmlComputeInstance_t first, second, parts[7];
    nvmlGpuInstanceInfo_t information;
    nvmlComputeInstanceInfo_t part;
    nvmlComputeInstanceProfileInfo_v2_t profile = { .version = VERSION_WORD(nvmlComputeInstanceProfileInfo_v2_t, 2) };
    unsigned count, left;
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceCreateGpuInstance(gpu, 9, &instance));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceSetMigMode(gpu, 1, &status));
    CHECK_EQUAL(NVML_SUCCESS, status);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceCreateGpuInstance(gpu, 9, &instance));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceCreateGpuInstanceWithPlacement(gpu, 14, &(nvmlGpuInstancePlacement_t){ 4, 2 }, &other));
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_RESOURCES, nvml->DeviceCreateGpuInstance(gpu, 0, &other));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceGetInfo(instance, &information));
    CHECK(information.device == gpu && information.id == 1 && information.profileId == 9 && information.placement.size == 4);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstances(gpu, 9, list, &count));
    CHECK(count == 1 && list[0] == instance);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstanceById(gpu, 1, &list[1]));
    CHECK(list[1] == instance);
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetGpuInstanceById(gpu, 2, &list[1]));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceGetComputeInstanceProfileInfoV(instance, 1, 0, (void *)&profile));
    CHECK_TEXT("MIG 2c.3g.40gb", profile.name);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->GpuInstanceGetComputeInstanceProfileInfoV(instance, 4, 0, (void *)&profile));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceCreateComputeInstance(instance, 1, &first));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceCreateComputeInstance(instance, 0, &second));
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_RESOURCES, nvml->GpuInstanceCreateComputeInstance(instance, 0, &parts[0]));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceGetComputeInstances(instance, 0, parts, &count));
    CHECK(count == 1 && parts[0] == second);
    CHECK_EQUAL(NVML_SUCCESS, nvml->ComputeInstanceGetInfo_v2(second, &part));
    CHECK(part.gpuInstance == instance && part.id == 1 && part.placement.start == 2 && part.placement.size == 1);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMigDeviceHandleByIndex(gpu, 2, &device));
    schedule(0, "gpu 4 process 4711 2048 1 1");
    usleep(4000);
    CHECK_EQUAL(NVML_ERROR_IN_USE, nvml->GpuInstanceDestroy(instance));
    CHECK_EQUAL(NVML_ERROR_IN_USE, nvml->ComputeInstanceDestroy(second));
    schedule(0, "gpu 4 process 4711 ends");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->ComputeInstanceDestroy(second));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->ComputeInstanceGetInfo_v2(second, &part));
    CHECK_EQUAL(NVML_SUCCESS, nvml->ComputeInstanceDestroy(first));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpuInstanceDestroy(instance));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->GpuInstanceGetInfo(instance, &information));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuInstanceRemainingCapacity(gpu, 9, &left));
    CHECK_EQUAL(1, left);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->GpuInstanceGetInfo((nvmlGpuInstance_t)&left, &information));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void ampere_changes_its_mode_with_a_reset(void)
{
    use_scenario("node dgx-a100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    nvmlReturn_t status;
    unsigned mode[2];
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceSetMigMode(gpu, 1, &status));
    CHECK_EQUAL(NVML_ERROR_RESET_REQUIRED, status);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMigMode(gpu, &mode[0], &mode[1]));
    CHECK(mode[0] == 0 && mode[1] == 1);
    schedule(0, "gpu 0 reset");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMigMode(gpu, &mode[0], &mode[1]));
    CHECK(mode[0] == 1 && mode[1] == 1);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_fault_of_an_instance_names_it(void)
{
    use_scenario("node dgx-h100\ngpu 0 mig 3g.40gb,2g.20gb\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set = client_event_set(nvml, 8 | 0x100);
    nvmlEventData_t data;
    schedule(0, "gpu 0 mig-instance 3 xid 94");
    CHECK_EQUAL(NVML_SUCCESS, client_wait(nvml, set, &data));
    CHECK(data.eventType == 8 && data.eventData == 94 && data.gpuInstanceId == 3 && data.computeInstanceId == 0);
    schedule(0, "gpu 0 mig-instance 2 1 xid 43");
    CHECK_EQUAL(NVML_SUCCESS, client_wait(nvml, set, &data));
    CHECK(data.eventData == 43 && data.gpuInstanceId == 2 && data.computeInstanceId == 1);
    schedule(0, "gpu 0 mig 7g.80gb");
    client_expect(nvml, set, 0, 0x100, 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test mig_tests[] = {
    { "a GPU is divided, and whole again, as the timeline says", a_gpu_is_divided_and_whole_again_as_the_timeline_says },
    { "a divided GPU refuses what it cannot tell", a_divided_gpu_refuses_what_it_cannot_tell },
    { "profiles are walked until 2", profiles_are_walked_until_two },
    { "instances are made and destroyed by calls", instances_are_made_and_destroyed_by_calls },
    { "Ampere changes its mode with a reset", ampere_changes_its_mode_with_a_reset },
    { "a fault of an instance names it", a_fault_of_an_instance_names_it },
};
const size_t mig_test_count = sizeof mig_tests / sizeof mig_tests[0];
