/* Field values and GPM: what a row answers on which board. */
#define _GNU_SOURCE
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

static void expect_codes(const struct nvml_client *nvml, nvmlDevice_t gpu, const unsigned *fields, size_t count, nvmlReturn_t wanted)
{
    for (size_t i = 0; i < count; i++) {
        nvmlReturn_t code = client_field(nvml, gpu, fields[i], 0).nvmlReturn;
        if (code != wanted) check_failed(__FILE__, __LINE__, "field %u answers %d, not %d", fields[i], code, wanted);
    }
}

#define CODES(gpu, wanted, ...) \
    do { \
        static const unsigned list[] = { __VA_ARGS__ }; \
        expect_codes(nvml, gpu, list, sizeof list / sizeof list[0], wanted); \
    } while (0)

static void every_board_answers_the_fields_that_it_has(void)
{
    use_scenario("node hgx-b200\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    CODES(gpu, NVML_SUCCESS, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 22, 23, 28, 32, 38, 45, 46, 52, 59, 74, 75, 76, 77, 78, 79, 80, 81, 82,
          83, 90, 91, 94, 95, 96, 113, 138, 139, 140, 141, 142, 143, 144, 145, 146, 147, 160, 161, 162, 163, 164, 165, 166, 167, 168, 169, 173, 174,
          175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200, 201, 202,
          203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 226, 227, 230, 235, 250);
    CODES(gpu, NVML_ERROR_NOT_SUPPORTED, 0, 15, 16, 26, 27, 29, 30, 31, 92, 93, 170, 171, 172, 231, 232, 233, 234, 251, 269, 9999);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, client_field(nvml, gpu, 165, 18).nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, client_field(nvml, gpu, 201, 18).nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, client_field(nvml, gpu, 185, 4).nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, client_field(nvml, gpu, 185, 1).nvmlReturn); /* no module around it */
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void older_boards_lack_newer_fields(void)
{
    use_scenario("node dgx-a100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    CODES(gpu, NVML_SUCCESS, 32, 46, 101, 102, 108, 119, 137, 138, 142, 161, 184, 185);
    CODES(gpu, NVML_ERROR_NOT_SUPPORTED, 193, 196, 197, 201, 222, 235);
    CHECK_EQUAL(0, client_field(nvml, gpu, 184, 0).value.uiVal); /* MIG needs a reset */
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_board_without_links_or_hbm_says_so(void)
{
    use_scenario("node l4\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    CODES(gpu, NVML_SUCCESS, 3, 11, 74, 83, 94, 142, 145, 185, 193, 196, 226, 230);
    CODES(gpu, NVML_ERROR_NOT_SUPPORTED, 32, 82, 90, 91, 138, 146, 147, 161, 164, 165, 170, 184, 195, 199, 200, 201);
    nvmlFieldValue_t row = client_field(nvml, gpu, 193, 0);
    CHECK(row.valueType == 5 && row.value.siVal == 85 - 97); /* signed */
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void confidential_computing_is_the_nodes(void)
{
    use_scenario("node dgx-h100\nat 0s confidential on\n");
    const struct nvml_client *nvml = client_start();
    nvmlConfComputeSystemState_t state;
    unsigned ready;
    client_gpu(nvml, 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetConfComputeState(&state));
    CHECK(state.environment == 2 && state.ccFeature == 1 && state.devToolsMode == 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetConfComputeGpusReadyState(&ready));
    CHECK_EQUAL(0, ready);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->SystemGetConfComputeState(NULL));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void grace_is_behind_links_of_its_own(void)
{
    use_scenario("node gb200\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 2);
    nvmlC2cModeInfo_v1_t mode;
    nvmlPlatformInfo_v2_t platform = { .version = VERSION_WORD(nvmlPlatformInfo_v2_t, 2) };
    nvmlGpuFabricInfo_v3_t fabric = { .version = VERSION_WORD(nvmlGpuFabricInfo_v3_t, 3) };
    nvmlPciInfo_t pci;
    unsigned node;
    uint64_t cpus[3];
    CODES(gpu, NVML_SUCCESS, 170, 171, 172, 231, 232, 233, 234);
    CHECK_EQUAL(5, client_field(nvml, gpu, 170, 0).value.uiVal);
    CHECK_EQUAL(NVML_SUCCESS, client_field(nvml, gpu, 185, 1).nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetC2cModeInfoV(gpu, &mode));
    CHECK_EQUAL(1, mode.isC2cEnabled);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPlatformInfo(gpu, &platform));
    CHECK_EQUAL(3, platform.moduleId);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuFabricInfoV(gpu, &fabric));
    CHECK(fabric.state == 3 && fabric.cliqueId == 32766 && fabric.healthSummary == 1 && fabric.clusterUuid[0] != 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNumaNodeId(gpu, &node));
    CHECK_EQUAL(18, node);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPciInfo_v3(gpu, &pci));
    CHECK_TEXT("00000018:01:00.0", pci.busId);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetHandleByPciBusId_v2("0018:01:00.0", &gpu));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCpuAffinity(gpu, 3, cpus));
    CHECK(cpus[0] == 0 && cpus[1] == UINT64_MAX << 8 && cpus[2] == 0xffff);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void counters_tell_what_the_scenario_did(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 1);
    uint64_t count;
    schedule(0, "gpu 1 link 7 crc 100");
    schedule(0, "gpu 1 link 7 replay 20");
    schedule(0, "gpu 1 link 7 recovery 3");
    schedule(0, "gpu 1 pcie replay 9");
    schedule(0, "gpu 1 pcie fatal 1");
    schedule(0, "gpu 1 ecc sram 2");
    schedule(0, "gpu 1 ecc uncorrected 5");
    schedule(0, "gpu 1 throttle 0x40");
    usleep(30000);
    CHECK_EQUAL(100, client_field(nvml, gpu, 163, 7).value.ullVal);
    CHECK_EQUAL(100, client_field(nvml, gpu, 38, 0).value.ullVal);
    CHECK_EQUAL(100, client_field(nvml, gpu, 97, 0).value.ullVal);
    CHECK_EQUAL(20, client_field(nvml, gpu, 109, 0).value.ullVal);
    CHECK_EQUAL(3, client_field(nvml, gpu, 59, 0).value.ullVal);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetNvLinkErrorCounter(gpu, 7, 0, &count));
    CHECK_EQUAL(20, count);
    CHECK_EQUAL(9, client_field(nvml, gpu, 94, 0).value.uiVal);
    CHECK_EQUAL(1, client_field(nvml, gpu, 180, 0).value.uiVal);
    CHECK_EQUAL(7, client_field(nvml, gpu, 4, 0).value.ullVal);
    CHECK_EQUAL(5, client_field(nvml, gpu, 12, 0).value.ullVal); /* device memory */
    CHECK_EQUAL(2, client_field(nvml, gpu, 10, 0).value.ullVal); /* L2 */
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryErrorCounter(gpu, 1, 1, 7, &count));
    CHECK_EQUAL(2, count);
    CHECK(client_field(nvml, gpu, 75, 0).value.ullVal >= 20000000); /* ns of thermal slowdown */
    CHECK_EQUAL(0, client_field(nvml, gpu, 74, 0).value.ullVal);
    nvmlViolationTime_t time;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetViolationStatus(gpu, 1, &time));
    CHECK(time.violationTime >= 20000000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void slowdown_times_moved_with_the_driver(void)
{
    use_scenario("node dgx-h100\ndriver-version 580.65.06\n");
    const struct nvml_client *nvml = client_start();
    CODES(client_gpu(nvml, 0), NVML_SUCCESS, 251, 252, 253);
    CODES(client_gpu(nvml, 0), NVML_ERROR_NOT_SUPPORTED, 269, 270, 271);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void gpm_measures_between_two_samples(void)
{
    use_scenario("node mixed\ngpu 0 utilization 80\n");
    const struct nvml_client *nvml = client_start();
    nvmlGpmSupport_t support = { .version = 1 };
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmQueryDeviceSupport(client_gpu(nvml, 2), &support)); /* an L4 */
    CHECK_EQUAL(0, support.isSupportedDevice);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmQueryDeviceSupport(client_gpu(nvml, 0), &support));
    CHECK_EQUAL(1, support.isSupportedDevice);
    support.version = VERSION_WORD(nvmlGpmSupport_t, 1); /* GPM's version is the plain number */
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->GpmQueryDeviceSupport(client_gpu(nvml, 0), &support));

    static nvmlGpmMetricsGet_t get;
    static const unsigned ids[] = { 1, 2, 5, 11, 13, 20, 21, 60, 62, 40, 333, 0 };
    get.version = 1;
    get.numMetrics = sizeof ids / sizeof ids[0];
    for (unsigned i = 0; i < get.numMetrics; i++) get.metrics[i].metricId = ids[i];
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleAlloc(&get.sample1));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleAlloc(&get.sample2));
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->GpmSampleGet(client_gpu(nvml, 2), get.sample1));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->GpmMetricsGet(&get)); /* nothing taken yet */
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleGet(client_gpu(nvml, 0), get.sample1));
    usleep(10000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleGet(client_gpu(nvml, 0), get.sample2));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmMetricsGet(&get));
    CHECK(get.metrics[0].nvmlReturn == NVML_SUCCESS && fabs(get.metrics[0].value - 80) < 0.001);
    CHECK_TEXT("%", get.metrics[0].metricInfo.unit);
    CHECK(get.metrics[2].value > 0 && get.metrics[2].value < 80 && get.metrics[3].value == 0);
    CHECK(get.metrics[5].value > 900 && get.metrics[5].value < 1000); /* 1 GB/s in MiB/s */
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, get.metrics[7].nvmlReturn); /* a PCIe board */
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, get.metrics[8].nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, get.metrics[9].nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, get.metrics[10].nvmlReturn);
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, get.metrics[11].nvmlReturn);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleFree(get.sample1));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleFree(get.sample2));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void gpm_measures_links_and_instances(void)
{
    use_scenario("node dgx-h100\ngpu 1 mig 3g.40gb\n");
    const struct nvml_client *nvml = client_start();
    static nvmlGpmMetricsGet_t get = { .version = 1, .numMetrics = 3, .metrics = { { .metricId = 60 }, { .metricId = 97 }, { .metricId = 2 } } };
    CHECK(nvml->GpmSampleAlloc(&get.sample1) == NVML_SUCCESS && nvml->GpmSampleAlloc(&get.sample2) == NVML_SUCCESS);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleGet(client_gpu(nvml, 0), get.sample1));
    usleep(20000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmSampleGet(client_gpu(nvml, 0), get.sample2));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmMetricsGet(&get));
    CHECK(get.metrics[0].value > 17 * get.metrics[1].value && get.metrics[0].value < 19 * get.metrics[1].value);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->GpmMigSampleGet(client_gpu(nvml, 0), 2, get.sample1));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->GpmMigSampleGet(client_gpu(nvml, 1), 1, get.sample1));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmMigSampleGet(client_gpu(nvml, 1), 2, get.sample1));
    CHECK_EQUAL(NVML_ERROR_INVALID_ARGUMENT, nvml->GpmMetricsGet(&get)); /* samples of two places */
    usleep(1000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmMigSampleGet(client_gpu(nvml, 1), 2, get.sample2));
    CHECK_EQUAL(NVML_SUCCESS, nvml->GpmMetricsGet(&get));
    CHECK(get.metrics[2].nvmlReturn == NVML_SUCCESS && get.metrics[2].value > 0);
    CHECK(nvml->GpmSampleFree(get.sample1) == NVML_SUCCESS && nvml->GpmSampleFree(get.sample2) == NVML_SUCCESS);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test field_tests[] = {
    { "every board answers the fields that it has", every_board_answers_the_fields_that_it_has },
    { "older boards lack newer fields", older_boards_lack_newer_fields },
    { "a board without links or HBM says so", a_board_without_links_or_hbm_says_so },
    { "confidential computing is the node's", confidential_computing_is_the_nodes },
    { "Grace is behind links of its own", grace_is_behind_links_of_its_own },
    { "counters tell what the scenario did", counters_tell_what_the_scenario_did },
    { "slowdown times moved with the driver", slowdown_times_moved_with_the_driver },
    { "GPM measures between two samples", gpm_measures_between_two_samples },
    { "GPM measures links and instances", gpm_measures_links_and_instances },
};
const size_t field_test_count = sizeof field_tests / sizeof field_tests[0];
