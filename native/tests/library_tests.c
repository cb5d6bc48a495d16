#define _GNU_SOURCE
#include "harness.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

static void calls_before_init_and_after_shutdown_are_refused(void)
{
    const struct nvml_client *nvml = client_open("");
    unsigned count;
    nvmlDevice_t gpu;
    char text[96];
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, nvml->DeviceGetCount_v2(NULL));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Init_v2());
    CHECK_EQUAL(NVML_SUCCESS, nvml->InitWithFlags(0));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->InitWithFlags(8));
    gpu = client_gpu(nvml, 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetName(gpu, text, sizeof text)); /* one init is left */
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, nvml->DeviceGetName(gpu, text, sizeof text));
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, nvml->Shutdown());
}

static void the_library_alone_is_a_faultless_dgx_h100(void)
{
    const struct nvml_client *nvml = client_start();
    unsigned count;
    char text[96];
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(8, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetName(client_gpu(nvml, 7), text, sizeof text));
    CHECK_TEXT("NVIDIA H100 80GB HBM3", text);
    CHECK_HAS("AIInfra NVML simulator", nvml->aiinfraSimulator());
    CHECK_TEXT("GPU is lost", nvml->ErrorString(NVML_ERROR_GPU_IS_LOST));
    CHECK_TEXT("Unknown Error", nvml->ErrorString(NVML_ERROR_UNKNOWN));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void wrong_arguments_and_handles_are_refused(void)
{
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0), other;
    char text[96];
    unsigned number;
    nvmlMemory_v2_t memory = { .version = VERSION_WORD(nvmlMemory_v2_t, 1) };
    nvmlTemperature_v1_t temperature = { .version = 0 };
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetName(gpu, NULL, 96));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetName(NULL, text, sizeof text));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetName((nvmlDevice_t)text, text, sizeof text));
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_SIZE, nvml->DeviceGetName(gpu, text, 21));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetName(gpu, text, 22));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetHandleByIndex_v2(8, &other));
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetHandleByUUID("GPU-0", &other));
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetHandleByPciBusId_v2("0000:02:00.0", &other));
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetHandleByPciBusId_v2("elsewhere", &other));
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetMemoryInfo_v2(gpu, &memory));
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetTemperatureV(gpu, &temperature));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetTemperature(gpu, 1, &number));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetClockInfo(gpu, 4, &number));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->DeviceGetNvLinkState(gpu, 18, &number));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_gpu_is_found_by_index_uuid_and_every_form_of_its_address(void)
{
    const struct nvml_client *nvml = client_start();
    for (unsigned i = 0; i < 8; i++) {
        nvmlDevice_t gpu = client_gpu(nvml, i), found;
        char uuid[96], form[64];
        unsigned index;
        nvmlPciInfo_t pci;
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUUID(gpu, uuid, sizeof uuid));
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetHandleByUUID(uuid, &found));
        CHECK(found == gpu);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetIndex(gpu, &index));
        CHECK_EQUAL(i, index);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPciInfo_v3(gpu, &pci));
        static const char *const prefixes[] = { "00000000:", "0000:", "0:", "" };
        for (size_t j = 0; j < sizeof prefixes / sizeof prefixes[0]; j++) {
            snprintf(form, sizeof form, "%s%02x:00.0", prefixes[j], pci.bus);
            CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetHandleByPciBusId_v2(form, &found));
            CHECK(found == gpu);
        }
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetHandleByPciBusId_v2(pci.busIdLegacy, &found));
        CHECK(found == gpu);
    }
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_wrong_line_is_told_once_and_left_out(void)
{
    char path[96], told[1024];
    use_scenario("node l4\nat 1s gpu 7 lost\n");
    snprintf(path, sizeof path, "%s/stderr", test_folder);
    CHECK(freopen(path, "w", stderr) != NULL);
    const struct nvml_client *nvml = client_start();
    unsigned count;
    schedule(0, "gpu 2 ecc corrected 1");
    for (int i = 0; i < 3; i++) {
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
        CHECK_EQUAL(4, count);
        usleep(5000); /* past the interval at which the file is looked at */
    }
    CHECK_HAS("scenario.txt:2: '7' is no GPU of l4; its GPUs are 0 to 3", read_text(path, told, sizeof told));
    CHECK(strchr(told, '\n') == strrchr(told, '\n'));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_node_without_gpus_has_none(void)
{
    use_scenario("node ascend910b-8\nat 0s npu 0 fault 0x80E01801 critical\nat 0s npu 3 lost\n");
    const struct nvml_client *nvml = client_start();
    unsigned count = 77;
    nvmlDevice_t gpu;
    nvmlEventSet_t set;
    nvmlEventData_t data;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCount_v2(&count));
    CHECK_EQUAL(0, count);
    CHECK(nvml->DeviceGetHandleByIndex_v2(0, &gpu) != NVML_SUCCESS);
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&set));
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 1)); /* what an NPU suffers is none of its business */
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void faults_of_npus_are_no_events_of_gpus(void)
{
    use_scenario("node mixed\n");
    const struct nvml_client *nvml = client_start();
    nvmlEventSet_t set;
    nvmlEventData_t data;
    unsigned celsius;
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetCreate(&set));
    for (unsigned i = 0; i < 4; i++) CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceRegisterEvents(client_gpu(nvml, i), 0x1f, set));
    schedule(0, "npu 0 fault 0x80E01801 critical");
    schedule(0, "mlu 1 xid 79");
    schedule(0, "mlu 0 lost");
    CHECK_EQUAL(NVML_ERROR_TIMEOUT, nvml->EventSetWait_v2(set, &data, 30));
    for (unsigned i = 0; i < 4; i++) CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTemperature(client_gpu(nvml, i), 0, &celsius));
    CHECK_EQUAL(NVML_SUCCESS, nvml->EventSetFree(set));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void the_old_build_lacks_newer_symbols(void)
{
    const struct nvml_client *nvml = client_open("old");
    CHECK(nvml->DeviceGetTemperatureV == NULL && nvml->DeviceGetMemoryInfo_v2 == NULL && nvml->DeviceGetCurrentClocksEventReasons == NULL);
    CHECK(nvml->DeviceGetModuleId == NULL && nvml->DeviceGetComputeRunningProcesses_v3 == NULL);
    CHECK(nvml->DeviceGetTemperature != NULL && nvml->EventSetWait_v2 != NULL && nvml->DeviceGetCurrentClocksThrottleReasons != NULL);
    char text[96];
    CHECK_EQUAL(NVML_SUCCESS, nvml->Init_v2());
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetDriverVersion(text, sizeof text));
    CHECK_TEXT("450.51.06", text);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, client_field(nvml, client_gpu(nvml, 0), 230, 0).nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void the_broken_build_does_not_start(void)
{
    const struct nvml_client *nvml = client_open("broken");
    unsigned count;
    CHECK_EQUAL(NVML_ERROR_LIB_RM_VERSION_MISMATCH, nvml->Init_v2());
    CHECK_EQUAL(NVML_ERROR_UNINITIALIZED, nvml->DeviceGetCount_v2(&count));
}

static void nothing_but_the_interface_is_exported(void)
{
    const struct nvml_client *nvml = client_open("");
    CHECK(dlsym(nvml->library, "scenario_parse") == NULL);
    CHECK(dlsym(nvml->library, "library") == NULL);
    CHECK(dlsym(nvml->library, "event_set_next") == NULL);
}

const struct test library_tests[] = {
    { "calls before init and after shutdown are refused", calls_before_init_and_after_shutdown_are_refused },
    { "the library alone is a faultless dgx-h100", the_library_alone_is_a_faultless_dgx_h100 },
    { "wrong arguments and handles are refused", wrong_arguments_and_handles_are_refused },
    { "a GPU is found by index, UUID and every form of its address", a_gpu_is_found_by_index_uuid_and_every_form_of_its_address },
    { "a wrong line is told once and left out", a_wrong_line_is_told_once_and_left_out },
    { "a node without GPUs has none", a_node_without_gpus_has_none },
    { "faults of NPUs and MLUs are no events of GPUs", faults_of_npus_are_no_events_of_gpus },
    { "the old build lacks newer symbols", the_old_build_lacks_newer_symbols },
    { "the broken build does not start", the_broken_build_does_not_start },
    { "nothing but the interface is exported", nothing_but_the_interface_is_exported },
};
const size_t library_test_count = sizeof library_tests / sizeof library_tests[0];
