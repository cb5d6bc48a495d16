/* Processes, fabric, repair, vGPU, and a GPU that tells nonsense. */
#define _GNU_SOURCE
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

static void processes_come_and_end(void)
{
    use_scenario("node dgx-h100\ngpu 2 process 4711 1000\ngpu 2 process 4712 2000\ngpu 2 mps-process 4713 500\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 2);
    unsigned count = 0;
    nvmlProcessInfo_t rows[8];
    nvmlProcessInfo_v1_t first[8];
    nvmlMemory_v2_t memory = { .version = VERSION_WORD(nvmlMemory_v2_t, 2) };
    char name[32];
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_SIZE, nvml->DeviceGetComputeRunningProcesses_v3(gpu, &count, NULL));
    CHECK_EQUAL(2, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetComputeRunningProcesses_v3(gpu, &count, rows));
    CHECK(rows[0].pid == 4711 && rows[1].usedGpuMemory == UINT64_C(2000) << 20 && rows[0].gpuInstanceId == UINT32_MAX);
    count = 8;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetComputeRunningProcesses(gpu, &count, first)); /* rows of the first layout */
    CHECK(count == 2 && first[1].pid == 4712 && first[1].usedGpuMemory == UINT64_C(2000) << 20);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMPSComputeRunningProcesses_v3(gpu, &count, rows));
    CHECK(count == 1 && rows[0].pid == 4713);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGraphicsRunningProcesses_v3(gpu, &count, rows));
    CHECK_EQUAL(0, count);
    nvmlProcessDetail_v1_t details[4];
    nvmlProcessDetailList_v1_t list = { .version = VERSION_WORD(nvmlProcessDetailList_v1_t, 1), .mode = 3, .procArray = details };
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_SIZE, nvml->DeviceGetRunningProcessDetailList(gpu, &list));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRunningProcessDetailList(gpu, &list));
    CHECK(list.numProcArrayEntries == 3 && details[2].pid == 4713);
    nvmlProcessUtilizationSample_t samples[4];
    count = 4;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetProcessUtilization(gpu, samples, &count, 0));
    CHECK(count == 3 && samples[0].smUtil > 0);
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->DeviceGetProcessUtilization(gpu, samples, &count, samples[0].timeStamp + 10000000));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryInfo_v2(gpu, &memory));
    CHECK_EQUAL(3500, memory.used >> 20);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetProcessName(4711, name, sizeof name));
    CHECK_TEXT("/usr/bin/python3", name);
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->SystemGetProcessName(1, name, sizeof name));
    schedule(0, "gpu 2 process 4711 ends");
    usleep(4000);
    nvmlAccountingStats_t stats;
    unsigned pids[16];
    count = 8;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetComputeRunningProcesses_v3(gpu, &count, rows));
    CHECK(count == 1 && rows[0].pid == 4712);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetAccountingStats(gpu, 4711, &stats));
    CHECK(stats.isRunning == 0 && stats.maxMemoryUsage == UINT64_C(1000) << 20);
    count = 16;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetAccountingPids(gpu, &count, pids));
    CHECK_EQUAL(3, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void the_fabric_has_a_state_and_a_health(void)
{
    use_scenario("node dgx-h100\ngpu 0 fabric in-progress\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0);
    nvmlGpuFabricInfo_t first;
    nvmlGpuFabricInfo_v3_t info = { .version = VERSION_WORD(nvmlGpuFabricInfo_v2_t, 2), .healthSummary = 77 };
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuFabricInfo(gpu, &first));
    CHECK_EQUAL(2, first.state);
    schedule(0, "gpu 0 fabric completed");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuFabricInfoV(gpu, &info));
    CHECK(info.state == 3 && info.status == 0 && info.healthMask == 0x1aa && info.healthSummary == 77); /* v2 ends before it */
    schedule(0, "gpu 0 fabric health 0x19a");
    usleep(4000);
    info.version = VERSION_WORD(nvmlGpuFabricInfo_v3_t, 3);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetGpuFabricInfoV(gpu, &info));
    CHECK(info.healthMask == 0x19a && info.healthSummary == 2); /* the route is unhealthy */
    info.version = 5;
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetGpuFabricInfoV(gpu, &info));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void repair_and_inforom_are_told(void)
{
    use_scenario("node dgx-h100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 6);
    nvmlRepairStatus_v1_t repair = { .version = VERSION_WORD(nvmlRepairStatus_v1_t, 1) };
    nvmlUnrepairableMemoryStatus_v1_t memory;
    nvmlEccSramErrorStatus_v1_t sram = { .version = VERSION_WORD(nvmlEccSramErrorStatus_v1_t, 1) };
    nvmlEccSramUniqueUncorrectedErrorEntry_v1_t entry;
    nvmlEccSramUniqueUncorrectedErrorCounts_v1_t unique = { .version = VERSION_WORD(nvmlEccSramUniqueUncorrectedErrorCounts_v1_t, 1), .entries = &entry };
    nvmlRemappedRowsInfo_v2_t rows;
    unsigned pages = 0, pending;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceValidateInforom(gpu));
    schedule(0, "gpu 6 inforom corrupted");
    schedule(0, "gpu 6 repair tpc");
    schedule(0, "gpu 6 unrepairable");
    schedule(0, "gpu 6 ecc sram 4");
    schedule(0, "gpu 6 ecc sram-threshold");
    schedule(0, "gpu 6 remap uncorrectable 3");
    schedule(0, "gpu 6 remap pending");
    usleep(4000);
    CHECK_EQUAL(NVML_ERROR_CORRUPTED_INFOROM, nvml->DeviceValidateInforom(gpu));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRepairStatus(gpu, &repair));
    CHECK(repair.bTpcRepairPending == 1 && repair.bChannelRepairPending == 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUnrepairableMemoryFlag_v1(gpu, &memory));
    CHECK_EQUAL(1, memory.bUnrepairableMemory);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetSramEccErrorStatus(gpu, &sram));
    CHECK(sram.aggregateUncSecDed == 4 && sram.bThresholdExceeded == 1);
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_SIZE, nvml->DeviceGetSramUniqueUncorrectedEccErrorCounts(gpu, &unique));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetSramUniqueUncorrectedEccErrorCounts(gpu, &unique));
    CHECK(unique.entryCount == 1 && entry.count == 4);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetRemappedRows_v2(gpu, &rows));
    CHECK(rows.uncActiveRemaps == 2 && rows.uncInactiveRemaps == 1 && rows.bPending == 1);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetRetiredPages_v2(gpu, 0, &pages, NULL, NULL)); /* boards before Ampere did */
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetRetiredPagesPendingStatus(gpu, &pending));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void a_vgpu_host_lists_its_vgpus(void)
{
    use_scenario("node l4\ngpu 1 vgpu 2\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 1);
    unsigned mode, count = 0, size = 64, instances[8], types[2];
    char text[80];
    nvmlVgpuLicenseInfo_t licence;
    uint64_t bytes;
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetVirtualizationMode(client_gpu(nvml, 0), &mode));
    CHECK_EQUAL(0, mode);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetHostVgpuMode(client_gpu(nvml, 0), &mode));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetVirtualizationMode(gpu, &mode));
    CHECK_EQUAL(3, mode);
    CHECK_EQUAL(NVML_ERROR_INSUFFICIENT_SIZE, nvml->DeviceGetActiveVgpus(gpu, &count, NULL));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetActiveVgpus(gpu, &count, instances));
    CHECK_EQUAL(2, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->VgpuInstanceGetUUID(instances[1], text, sizeof text));
    CHECK_EQUAL(NVML_SUCCESS, nvml->VgpuInstanceGetLicenseInfo_v2(instances[1], &licence));
    CHECK_EQUAL(5, licence.currentState);
    CHECK_EQUAL(NVML_ERROR_NOT_FOUND, nvml->VgpuInstanceGetUUID(instances[1] + 1, text, sizeof text));
    CHECK_EQUAL(NVML_SUCCESS, nvml->VgpuInstanceGetType(instances[0], &types[0]));
    CHECK_EQUAL(NVML_SUCCESS, nvml->VgpuTypeGetName(types[0], text, &size));
    CHECK_TEXT("NVIDIA L4-2C", text);
    CHECK_EQUAL(NVML_SUCCESS, nvml->VgpuTypeGetFramebufferSize(types[0], &bytes));
    CHECK_EQUAL(2879, bytes >> 20);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void lies_are_told_when_asked_for(void)
{
    use_scenario("node dgx-h100\ngpu 0 lies enum\ngpu 1 lies absurd\ngpu 2 lies duplicate-uuid\ngpu 3 lies size\n");
    const struct nvml_client *nvml = client_start();
    unsigned number;
    uint64_t reasons;
    char mine[96], other[96];
    nvmlUtilization_t utilization;
    nvmlMemory_t memory;
    nvmlMemory_v2_t memory2 = { .version = VERSION_WORD(nvmlMemory_v2_t, 2) };
    nvmlTemperature_v1_t temperature = { .version = VERSION_WORD(nvmlTemperature_v1_t, 1) };
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetArchitecture(client_gpu(nvml, 0), &number));
    CHECK_EQUAL(0x5aa5, number);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCurrentClocksEventReasons(client_gpu(nvml, 0), &reasons));
    CHECK_EQUAL(UINT64_C(1) << 60, reasons);
    CHECK_EQUAL(99, client_field(nvml, client_gpu(nvml, 0), 230, 0).valueType);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUtilizationRates(client_gpu(nvml, 1), &utilization));
    CHECK_EQUAL(4096, utilization.gpu);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryInfo(client_gpu(nvml, 1), &memory));
    CHECK(memory.used > memory.total);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUUID(client_gpu(nvml, 2), mine, sizeof mine));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetUUID(client_gpu(nvml, 3), other, sizeof other));
    CHECK_TEXT(other, mine);
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetMemoryInfo_v2(client_gpu(nvml, 3), &memory2));
    CHECK_EQUAL(NVML_ERROR_ARGUMENT_VERSION_MISMATCH, nvml->DeviceGetTemperatureV(client_gpu(nvml, 3), &temperature));
    schedule(0, "gpu 3 lies off");
    usleep(4000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTemperatureV(client_gpu(nvml, 3), &temperature));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void pcie_throughput_takes_its_window(void)
{
    const struct nvml_client *nvml = client_start();
    unsigned value;
    int64_t start = sim_monotonic();
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPcieThroughput(client_gpu(nvml, 0), 0, &value));
    CHECK(sim_monotonic() - start >= 20000000 && value > 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

static void limits_branch_and_places_are_told(void)
{
    use_scenario("node dgx-a100\n");
    const struct nvml_client *nvml = client_start();
    nvmlDevice_t gpu = client_gpu(nvml, 0), near[8];
    unsigned low, high, count = 0;
    uint64_t cpus[4], nodes[1];
    nvmlSystemDriverBranchInfo_v1_t branch = { .version = VERSION_WORD(nvmlSystemDriverBranchInfo_v1_t, 1) };
    nvmlPciInfoExt_v1_t pci = { .version = VERSION_WORD(nvmlPciInfoExt_v1_t, 1) };
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPowerManagementLimitConstraints(gpu, &low, &high));
    CHECK(low == 100000 && high == 400000);
    CHECK_EQUAL(NVML_SUCCESS, nvml->SystemGetDriverBranch(&branch, 80));
    CHECK_TEXT("r570_00", branch.branch);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetPciInfoExt(gpu, &pci));
    CHECK(pci.baseClass == 3 && pci.subClass == 2);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTopologyNearestGpus(gpu, 20, &count, NULL));
    CHECK_EQUAL(1, count);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetTopologyNearestGpus(gpu, 20, &count, near));
    CHECK(near[0] == client_gpu(nvml, 1));
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCpuAffinity(gpu, 4, cpus)); /* NUMA node 3 of 8 with 32 each */
    CHECK(cpus[0] == 0 && cpus[1] == UINT64_C(0xffffffff00000000) && cpus[2] == 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetCpuAffinityWithinScope(gpu, 4, cpus, 1));
    CHECK(cpus[0] == UINT64_MAX && cpus[1] == UINT64_MAX && cpus[2] == 0);
    CHECK_EQUAL(NVML_SUCCESS, nvml->DeviceGetMemoryAffinity(gpu, 1, nodes, 0));
    CHECK_EQUAL(8, nodes[0]);
    CHECK_EQUAL(NVML_ERROR_NOT_SUPPORTED, nvml->DeviceGetNumaNodeId(gpu, &low));
    CHECK_EQUAL(NVML_SUCCESS, nvml->Shutdown());
}

const struct test monitor_tests[] = {
    { "processes come and end", processes_come_and_end },
    { "the fabric has a state and a health", the_fabric_has_a_state_and_a_health },
    { "repair and InfoROM are told", repair_and_inforom_are_told },
    { "a vGPU host lists its vGPUs", a_vgpu_host_lists_its_vgpus },
    { "lies are told when asked for", lies_are_told_when_asked_for },
    { "PCIe throughput takes its window", pcie_throughput_takes_its_window },
    { "limits, branch and places are told", limits_branch_and_places_are_told },
};
const size_t monitor_test_count = sizeof monitor_tests / sizeof monitor_tests[0];
