#define _GNU_SOURCE
#include "harness.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
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

static void readings_are_plausible_on_every_model(void)
{
    const char *name = getenv("MODEL");
    char scenario[64];
    snprintf(scenario, sizeof scenario, "node %s\n", name);
    use_scenario(scenario);
    const struct node_model *model = node_model_find(name);
    const struct nvml_client *nvml = client_start();
    for (unsigned i = 0; i < model->gpus; i++) {
        nvmlDevice_t gpu = client_gpu(nvml, i);
        nvmlMemory_t memory;
        nvmlMemory_v2_t memory2 = { .version = VERSION_WORD(nvmlMemory_v2_t, 2) };
        nvmlTemperature_v1_t temperature = { .version = VERSION_WORD(nvmlTemperature_v1_t, 1) };
        unsigned milliwatts, limit, corrected, uncorrected, pending, failed, mig[2];
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryInfo(gpu, &memory));
        CHECK_EQUAL(memory.total, memory.used + memory.free);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryInfo_v2(gpu, &memory2));
        CHECK_EQUAL(memory.total, memory2.used + memory2.free + memory2.reserved);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTemperatureV(gpu, &temperature));
        CHECK(temperature.temperature >= 40 && temperature.temperature <= 60);
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPowerUsage(gpu, &milliwatts));
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetEnforcedPowerLimit(gpu, &limit));
        CHECK(milliwatts >= model->power_idle * 1000 && milliwatts <= limit);
        CHECK_EQUAL(model->hbm ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED,
                    nvml->DeviceGetRemappedRows(gpu, &corrected, &uncorrected, &pending, &failed));
        CHECK_EQUAL(model->mig ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetMigMode(gpu, &mig[0], &mig[1]));
        CHECK_EQUAL(model->hbm ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED, client_field(nvml, gpu, 82, 0).nvmlReturn);
        for (unsigned link = 0; link < NVML_NVLINK_MAX_LINKS; link++) {
            unsigned up = 2;
            CHECK_EQUAL(link < model->links ? NVML_SUCCESS : NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetNvLinkState(gpu, link, &up));
            CHECK_EQUAL(link < model->links ? 1 : 2, up);
        }
    }
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_dgx_h100_reads_well(void) { setenv("MODEL", "dgx-h100", 1); readings_are_plausible_on_every_model(); }
static void a_dgx_a100_reads_well(void) { setenv("MODEL", "dgx-a100", 1); readings_are_plausible_on_every_model(); }
static void an_l4_node_reads_well(void) { setenv("MODEL", "l4", 1); readings_are_plausible_on_every_model(); }

static void topology_follows_the_sockets(void)
{
    const struct nvml_client *nvml = client_start();
    uint32_t level, status;
    nvmlPciInfo_t first, last;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTopologyCommonAncestor(client_gpu(nvml, 0), client_gpu(nvml, 3), &level));
    CHECK_EQUAL(40, level);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTopologyCommonAncestor(client_gpu(nvml, 3), client_gpu(nvml, 4), &level));
    CHECK_EQUAL(50, level);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetP2PStatus(client_gpu(nvml, 3), client_gpu(nvml, 4), 2, &status));
    CHECK_EQUAL(0, status);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNvLinkRemotePciInfo_v2(client_gpu(nvml, 0), 0, &first));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNvLinkRemotePciInfo_v2(client_gpu(nvml, 0), 17, &last));
    CHECK_TEXT("00000000:05:00.0", first.busId);
    CHECK_TEXT("00000000:08:00.0", last.busId);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void an_unknown_field_fails_its_row_alone(void)
{
    const struct nvml_client *nvml = client_start();
    nvmlFieldValue_t rows[] = { { .fieldId = 83 }, { .fieldId = 250 }, { .fieldId = 165, .scopeId = 17 }, { .fieldId = 165, .scopeId = 18 },
                                { .fieldId = 138, .scopeId = UINT32_MAX }, { .fieldId = 100000 } };
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetFieldValues(client_gpu(nvml, 0), 6, rows));
    CHECK(rows[0].nvmlReturn == NVML_SUCCESS && rows[0].valueType == 3 && rows[0].value.ullVal > 0 && rows[0].timestamp > 0);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, rows[1].nvmlReturn);
    CHECK(rows[2].nvmlReturn == NVML_SUCCESS && rows[2].value.uiVal == 1);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, rows[3].nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, rows[4].nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, rows[5].nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void overrides_reach_the_caller(void)
{
    use_scenario("node dgx-h100\ngpu 2 name \"odd \\\"name\\\"\\nline\"\ngpu 1 temperature 95\ngpu 1 power 650\ngpu 1 utilization 0\n"
                 "driver-version 535.1\nwithout nvmlDeviceGetTemperatureV\nlatency init 80ms\n");
    int64_t start = sim_monotonic();
    const struct nvml_client *nvml = client_start();
    CHECK(sim_monotonic() - start >= 80000000);
    char text[96];
    unsigned number;
    uint64_t reasons;
    nvmlTemperature_v1_t temperature = { .version = VERSION_WORD(nvmlTemperature_v1_t, 1) };
    nvmlDevice_t gpu = client_gpu(nvml, 1);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetName(client_gpu(nvml, 2), text, sizeof text));
    CHECK_TEXT("odd \"name\"\nline", text);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTemperature(gpu, 0, &number));
    CHECK_EQUAL(95, number);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPowerUsage(gpu, &number));
    CHECK_EQUAL(650000, number);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCurrentClocksEventReasons(gpu, &reasons));
    CHECK_EQUAL(1, reasons); /* idle */
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCurrPcieLinkGeneration(gpu, &number));
    CHECK_EQUAL(1, number);
    CHECK_EQUAL(NVML_ERROR_FUNCTION_NOT_FOUND, nvml->DeviceGetTemperatureV(gpu, &temperature));
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetDriverVersion(text, sizeof text));
    CHECK_TEXT("535.1", text);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetNVMLVersion(text, sizeof text));
    CHECK_TEXT("12.535.1", text);
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
    { "a dgx-h100 reads well", a_dgx_h100_reads_well },
    { "a dgx-a100 reads well", a_dgx_a100_reads_well },
    { "an l4 node reads well", an_l4_node_reads_well },
    { "topology follows the sockets", topology_follows_the_sockets },
    { "an unknown field fails its row alone", an_unknown_field_fails_its_row_alone },
    { "overrides reach the caller", overrides_reach_the_caller },
    { "a wrong line is told once and left out", a_wrong_line_is_told_once_and_left_out },
    { "the old build lacks newer symbols", the_old_build_lacks_newer_symbols },
    { "the broken build does not start", the_broken_build_does_not_start },
    { "nothing but the interface is exported", nothing_but_the_interface_is_exported },
};
const size_t library_test_count = sizeof library_tests / sizeof library_tests[0];
