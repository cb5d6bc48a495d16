#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>

static void readings_are_plausible_on(const char *name)
{
    char scenario[64];
    snprintf(scenario, sizeof scenario, "node %s\n", name);
    use_scenario(scenario);
    const struct node_model *node = node_model_find(name);
    const struct nvml_client *nvml = client_start();
    for (unsigned i = 0; i < node->gpus; i++) {
        const struct gpu_model *model = node->gpu[i];
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
        CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRemappedRows(gpu, &corrected, &uncorrected, &pending, &failed));
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

static void a_dgx_h100_reads_well(void) { readings_are_plausible_on("dgx-h100"); }
static void a_dgx_a100_reads_well(void) { readings_are_plausible_on("dgx-a100"); }
static void an_l4_node_reads_well(void) { readings_are_plausible_on("l4"); }
static void an_hgx_b200_reads_well(void) { readings_are_plausible_on("hgx-b200"); }
static void a_gb200_tray_reads_well(void) { readings_are_plausible_on("gb200"); }
static void a_mixed_node_reads_well(void) { readings_are_plausible_on("mixed"); }

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

const struct test reading_tests[] = {
    { "a dgx-h100 reads well", a_dgx_h100_reads_well },
    { "a dgx-a100 reads well", a_dgx_a100_reads_well },
    { "an l4 node reads well", an_l4_node_reads_well },
    { "an hgx-b200 reads well", an_hgx_b200_reads_well },
    { "a gb200 tray reads well", a_gb200_tray_reads_well },
    { "a mixed node reads well", a_mixed_node_reads_well },
    { "topology follows the sockets", topology_follows_the_sockets },
    { "an unknown field fails its row alone", an_unknown_field_fails_its_row_alone },
    { "overrides reach the caller", overrides_reach_the_caller },
};
const size_t reading_test_count = sizeof reading_tests / sizeof reading_tests[0];
