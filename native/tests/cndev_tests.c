/* CNDEV without faults: enumeration, versions of structs, identity, readings, builds. */
#define _GNU_SOURCE
#include "cndev_client.h"
#include "harness.h"

#include <stdio.h>
#include <unistd.h>

enum { V6 = 6 };

static void enumerate(const void *name)
{
    char text[64], form[64];
    snprintf(text, sizeof text, "node %s\n", (const char *)name);
    const struct cndev_client *cndev = cndev_start(text);
    const struct unit_group *group = &node_model_find(name)->units[UNIT_MLU];
    cndevCardInfo_t cards = { .version = V6 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(group->count, cards.number);
    for (unsigned i = 0; i < cards.number; i++) {
        cndevDevice_t card = cndev_card(cndev, (int32_t)i), found;
        cndevUUID_t uuid = { .version = V6 };
        cndevCardSN_t serial = { .version = V6 };
        cndevPCIeInfoV2_t pcie;
        cndevCardName_t type = { .version = V6 };
        cndevNUMANodeId_t numa = { .version = V6 };
        uint32_t minor;
        CHECK(card != (cndevDevice_t)i); /* a handle is no index */
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->DeviceGetMinorNumber(&minor, card));
        CHECK_EQUAL(i, minor);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetUUID(&uuid, card));
        CHECK(strlen((char *)uuid.uuid) == 36);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleByUUID((char *)uuid.uuid, &found));
        CHECK_EQUAL(card, found);
        snprintf(form, sizeof form, "MLU-%s", (char *)uuid.uuid);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleByUUID(form, &found));
        CHECK_EQUAL(card, found);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardSN(&serial, card));
        snprintf(form, sizeof form, "%llx", (unsigned long long)serial.sn);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleBySerial(form, &found));
        CHECK_EQUAL(card, found);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPCIeInfoV2(&pcie, card));
        CHECK_EQUAL(0xcabc, pcie.vendor);
        snprintf(form, sizeof form, "%04x:%02x:%02x.%x", pcie.domain, pcie.bus, pcie.device, pcie.function);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleByPciBusId(form, &found));
        CHECK_EQUAL(card, found);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardName(&type, card));
        CHECK_EQUAL(group->model->type, type.id);
        CHECK_TEXT(group->model->name, cndev->GetCardNameStringByDevId(card));
        CHECK(strncmp(cndev->GetCardNameString(type.id), cndev->GetCardNameStringByDevId(card), 6) == 0);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetNUMANodeIdByDevId(&numa, card));
        CHECK_EQUAL(unit_place(group, i).numa, numa.nodeId);
    }
    cndevDevice_t none;
    CHECK_EQUAL(CNDEV_ERROR_INVALID_DEVICE_ID, cndev->GetDeviceHandleByIndex((int32_t)cards.number, &none));
    CHECK_EQUAL(CNDEV_ERROR_NOT_FOUND, cndev->GetDeviceHandleByUUID("no such", &none));
    CHECK_EQUAL(CNDEV_ERROR_NOT_FOUND, cndev->GetDeviceHandleByPciBusId("0000:ff:00.0", &none));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void every_node_enumerates(void)
{
    static const char *const nodes[] = { "mlu370-8", "mlu590-8", "mlu290-8", "mixed", "dgx-h100" };
    for (size_t i = 0; i < 4; i++) CHECK_EQUAL(0, ended_by(enumerate, nodes[i]));
    const struct cndev_client *cndev = cndev_start("node dgx-h100\n"); /* a node without any */
    cndevCardInfo_t cards = { .version = V6, .number = 77 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(0, cards.number);
}

static void enumerate_so_many(const void *context)
{
    const unsigned wanted = *(const unsigned *)context;
    char text[64];
    snprintf(text, sizeof text, "node mlu590-8\nmlus %u\n", wanted);
    const struct cndev_client *cndev = cndev_start(text);
    cndevCardInfo_t cards = { .version = V6 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(wanted, cards.number);
    for (unsigned i = 0; i < wanted; i++) {
        cndevPCIeInfoV2_t pcie;
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPCIeInfoV2(&pcie, cndev_card(cndev, (int32_t)i)));
        CHECK_EQUAL(i / 8, pcie.domain);
    }
}

static void none_one_sixteen_and_sixty_four(void)
{
    const unsigned counts[] = { 0, 1, 16, 64 };
    for (size_t i = 0; i < 4; i++) CHECK_EQUAL(0, ended_by(enumerate_so_many, &counts[i]));
}

static void calls_need_a_start_and_end_with_the_last_release(void)
{
    const struct cndev_client *cndev = cndev_open(".");
    cndevCardInfo_t cards = { .version = V6 };
    CHECK_EQUAL(CNDEV_ERROR_UNINITIALIZED, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(CNDEV_ERROR_UNINITIALIZED, cndev->Release());
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->Init(1));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Init(0));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Init(0));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(8, cards.number); /* without settings a faultless node */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
    CHECK_EQUAL(CNDEV_ERROR_UNINITIALIZED, cndev->GetDeviceCount(&cards));
    CHECK_TEXT("no error", cndev->GetErrorString(CNDEV_SUCCESS));
    CHECK_TEXT("not supported", cndev->GetErrorString(CNDEV_ERROR_NOT_SUPPORTED));
    CHECK_TEXT("unknown code", cndev->GetErrorString((cndevRet_t)-1));
    CHECK_EQUAL(1, cndev->aiinfraSimulator());
}

static void a_struct_of_another_version_is_refused(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    const int32_t wrong[] = { 0, 5, 7 };
    cndevDevice_t card = cndev_card(cndev, 0);
    for (size_t i = 0; i < 3; i++) {
        cndevCardInfo_t cards = { .version = wrong[i] };
        cndevTemperatureInfo_t heat = { .version = wrong[i] };
        cndevLibVersionInfo_t library = { .version = wrong[i] };
        cndevMLULinkCounter_t counter = { .version = wrong[i] };
        cndevSMluInfo_t shares[1] = { { .version = wrong[i] } };
        int32_t count = 1;
        CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetDeviceCount(&cards));
        CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetTemperatureInfo(&heat, card));
        CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetLibVersion(&library));
        CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetMLULinkCounter(&counter, card, 0));
        CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetAllSMluInstanceInfo(&count, shares, card));
        CHECK_EQUAL(0, heat.chip);
    }
    cndevTemperatureInfo_t heat = { .version = V6 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetTemperatureInfo(&heat, card));
    CHECK_EQUAL(V6, heat.version);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void read_the_old_build(const void *unused)
{
    (void)unused;
    const struct cndev_client *cndev = cndev_open("old");
    CHECK(cndev->GetCardHealthStateV2 == NULL && cndev->DeviceGetFieldValues == NULL && cndev->MpmMetricsGet == NULL && cndev->GetRepairStatus == NULL);
    CHECK(cndev->GetCardHealthState != NULL && cndev->GetMemoryUsageV2 != NULL && cndev->EventWait != NULL);
    cndevCardInfo_t cards = { .version = V6 }, of_its_time = { .version = 5 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Init(0));
    CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&of_its_time));
    CHECK_EQUAL(8, of_its_time.number);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void read_the_empty_build(const void *unused)
{
    (void)unused;
    const struct cndev_client *cndev = cndev_open("empty");
    cndevDevicePowerInfo_t power = { .usage = -77 };
    cndevTemperatureInfo_t heat = { .version = V6, .chip = -77 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Init(0));
    cndevDevice_t card = cndev_card(cndev, 3);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDevicePowerInfo(&power, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetTemperatureInfo(&heat, card));
    CHECK(power.usage == -77 && heat.chip == -77);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void builds_differ(void)
{
    CHECK_EQUAL(0, ended_by(read_the_old_build, NULL));
    CHECK_EQUAL(0, ended_by(read_the_empty_build, NULL));
    const struct cndev_client *cndev = cndev_open("partial");
    CHECK(cndev->GetDevicePowerInfo == NULL && cndev->GetTemperatureInfo == NULL && cndev->GetECCInfo == NULL && cndev->GetUUID != NULL);
    cndev = cndev_open("broken");
    CHECK_EQUAL(CNDEV_ERROR_NO_DRIVER, cndev->Init(0));
    cndev = cndev_open(".");
#define THERE(name, parameters) if (cndev->name == NULL) check_failed(__FILE__, __LINE__, "cndev" #name " is missing");
    CNDEV_FUNCTIONS(THERE)
#undef THERE
    CHECK(cndev->GetMLULinkPortNumber != NULL);
}

static void wrong_arguments_are_refused_by_every_function(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu590-8\n");
    typedef int any_call(long, long, long, long);
    any_call *call;
    /* No pointer and no card, then no pointer and a card. */
    static const char *const need_none[] = { "Init", "Release", "GetDeviceHandleByIndex", "ResetDevice" };
    const long card = cndev_card(cndev, 0);
#define REFUSES(name, parameters) \
    if (!is_one_of(#name, need_none, sizeof need_none / sizeof need_none[0])) { \
        memcpy(&call, &cndev->name, sizeof call); \
        int none = call(0, 0, 0, 0), nothing = call(0, card, 0, 0); \
        if (none == 0 || nothing == 0) check_failed(__FILE__, __LINE__, #name " answers %d and %d", none, nothing); \
    }
    CNDEV_FUNCTIONS(REFUSES)
#undef REFUSES
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->GetDeviceHandleByIndex(0, NULL));
    CHECK_EQUAL(CNDEV_ERROR_INVALID_DEVICE_ID, cndev->ResetDevice(4711));
    CHECK_EQUAL(0, cndev->GetMLULinkPortNumber(4711));
    CHECK(cndev->GetCardNameStringByDevId(4711) == NULL);
    CHECK_TEXT("UNKNOWN", cndev->GetCardNameString(4711));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void readings_move_in_their_range_and_stay_where_they_are_pinned(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nmlu 1 temperature 71\nmlu 1 power 133\nmlu 1 utilization 25\nmlu 1 memory 777\n");
    for (int32_t i = 0; i < 8; i++) {
        cndevDevice_t card = cndev_card(cndev, i);
        cndevTemperatureInfo_t heat = { .version = V6 };
        cndevDevicePowerInfo_t power;
        cndevMemoryInfoV2_t memory;
        cndevUtilizationInfo_t use = { .version = V6 };
        cndevFrequencyInfo_t clock = { .version = V6 };
        cndevOverTemperatureInfo_t limits = { .version = V6 };
        cndevCurrentPCIInfo_t pcie = { .version = V6 };
        cndevPCIethroughputV2_t moved, later;
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetTemperatureInfo(&heat, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDevicePowerInfo(&power, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMemoryUsageV2(&memory, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceUtilizationInfo(&use, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetFrequencyInfo(&clock, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetOverTemperatureInfo(&limits, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCurrentPCIInfo(&pcie, card));
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPCIethroughputV2(&moved, card));
        usleep(3000);
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPCIethroughputV2(&later, card));
        CHECK(heat.chip >= 40 && heat.chip <= 75 && heat.board < heat.chip && power.usage >= 42 && power.usage <= power.cap && power.cap == 250);
        CHECK(memory.physicalMemoryTotal == 49152 && memory.physicalMemoryUsed < memory.physicalMemoryTotal);
        CHECK(use.averageCoreUtilization >= 0 && use.averageCoreUtilization <= 100 && use.coreUtilization[31] == use.averageCoreUtilization && use.coreUtilization[32] == 0);
        CHECK(clock.boardFreq == 1300 && clock.ddrFreq == 3200 && limits.powerOffTemp == 98 && limits.underClockTemp == 90 && pcie.currentSpeed == 4 && pcie.currentWidth == 16);
        CHECK(later.pcieReadTotal > moved.pcieReadTotal && later.timestamp > moved.timestamp);
        if (i == 1) CHECK(heat.chip == 71 && power.usage == 133 && memory.physicalMemoryUsed == 777 && use.averageCoreUtilization == 25);
    }
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void fields_and_mpm_agree_with_the_calls(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu590-8\nmlu 2 utilization 60\nmlu 2 temperature 55\nmlu 2 power 300\n");
    cndevDevice_t card = cndev_card(cndev, 2);
    const uint32_t ids[] = { 17, 37, 44, 22, 8, 9, 62, 71, 13, 10, 150, 9 };
    enum { COUNT = sizeof ids / sizeof ids[0] };
    cndevFieldValue_t rows[COUNT] = { 0 };
    for (size_t i = 0; i < COUNT; i++) rows[i].fieldId = ids[i];
    rows[COUNT - 1].scopeId = 6; /* no such link */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->DeviceGetFieldValues(card, COUNT, rows));
    const int expected[] = { 300, 55, 60, 81920, 6, 1, 2 };
    for (size_t i = 0; i < 7; i++) {
        CHECK_EQUAL(CNDEV_SUCCESS, rows[i].ret);
        CHECK_EQUAL(expected[i], rows[i].value.i32);
    }
    CHECK(rows[7].ret == CNDEV_SUCCESS && rows[7].valueType == 3 && rows[7].value.u64 > 0 && rows[7].timestamp > 0);
    CHECK(rows[8].ret == CNDEV_SUCCESS && rows[9].ret == CNDEV_ERROR_NOT_SUPPORTED && rows[10].ret == CNDEV_ERROR_NOT_SUPPORTED && rows[11].ret == CNDEV_ERROR_INVALID_LINK);

    static cndevMpmMetricsGet_t get = { .version = 1, .numMetrics = 5 };
    bool supported;
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmQueryDeviceSupport(card, &supported));
    CHECK(supported);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleAlloc(&get.sample1));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleAlloc(&get.sample2));
    const uint32_t metrics[] = { 2, 60, 62, 74, 300 };
    for (size_t i = 0; i < 5; i++) get.metrics[i].metricId = metrics[i];
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->MpmMetricsGet(&get)); /* nothing sampled */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleGet(get.sample1, card));
    usleep(20000);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleGet(get.sample2, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmMetricsGet(&get));
    CHECK(get.metrics[0].ret == CNDEV_SUCCESS && get.metrics[0].value == 60);
    CHECK(get.metrics[1].value > 5.9 * get.metrics[2].value && get.metrics[1].value < 6.1 * get.metrics[2].value && get.metrics[2].value > 1e10);
    CHECK(get.metrics[3].ret == CNDEV_ERROR_NOT_SUPPORTED && get.metrics[4].ret == CNDEV_ERROR_INVALID_ARGUMENT);
    get.version = 6;
    CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->MpmMetricsGet(&get));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleFree(get.sample1));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmSampleFree(get.sample2));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void links_name_their_other_end(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    for (int32_t i = 0; i < 8; i++) {
        cndevDevice_t card = cndev_card(cndev, i);
        CHECK_EQUAL(2, cndev->GetMLULinkPortNumber(card));
        for (int32_t link = 0; link < 2; link++) {
            cndevMLULinkRemoteInfo_t remote = { .version = V6 }, back = { .version = V6 };
            cndevMLULinkStatusV2_t status;
            cndevMLULinkSpeed_t speed = { .version = V6 };
            cndevUUID_t own = { .version = V6 };
            cndevDevice_t other;
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkRemoteInfo(&remote, card, link));
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleByUUID((char *)remote.uuid, &other));
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkRemoteInfo(&back, other, (int32_t)remote.portId));
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetUUID(&own, card));
            CHECK_TEXT((char *)own.uuid, (char *)back.uuid);
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkStatusV2(&status, card, link));
            CHECK(status.macState == 1 && status.serdesState == 1 && status.presenceState == 1);
            CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkSpeedInfo(&speed, card, link));
            CHECK(speed.speedValue == 50);
        }
        cndevMLULinkStatusV2_t status;
        CHECK_EQUAL(CNDEV_ERROR_INVALID_LINK, cndev->GetMLULinkStatusV2(&status, card, 2));
        CHECK_EQUAL(CNDEV_ERROR_INVALID_LINK, cndev->GetMLULinkStatusV2(&status, card, -1));
    }
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void distance_follows_the_place(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nmlu 6 numa -1\n");
    static const struct { int32_t one, other; uint32_t relation; } pairs[] = { { 0, 0, 0 }, { 2, 3, 2 }, { 0, 3, 4 }, { 0, 4, 6 } };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        cndevTopologyRelationship_t relation = { .version = V6 };
        CHECK_EQUAL(CNDEV_SUCCESS, cndev->TopologyGetRelationship(&relation, cndev_card(cndev, pairs[i].one), cndev_card(cndev, pairs[i].other)));
        CHECK_EQUAL(pairs[i].relation, relation.relation);
    }
    static cndevAffinity_t cpus = { .version = V6 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceAffinity(&cpus, cndev_card(cndev, 4)));
    CHECK(cpus.cpuCount == 128 && cpus.cpuAffinityBitMap[1] == 0 && cpus.cpuAffinityBitMap[2] == UINT32_MAX && cpus.cpuAffinityBitMap[3] == UINT32_MAX && cpus.cpuAffinityBitMap[4] == 0);
    cndevNUMANodeId_t numa = { .version = V6 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetNUMANodeIdByDevId(&numa, cndev_card(cndev, 6)));
    CHECK_EQUAL(-1, numa.nodeId);
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->GetDeviceAffinity(&cpus, cndev_card(cndev, 6)));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

const struct test cndev_tests[] = {
    { "every Cambricon node enumerates", every_node_enumerates },
    { "none, one, sixteen and sixty-four MLUs", none_one_sixteen_and_sixty_four },
    { "calls of CNDEV need a start and end with the last release", calls_need_a_start_and_end_with_the_last_release },
    { "a struct of another version is refused", a_struct_of_another_version_is_refused },
    { "builds of CNDEV differ", builds_differ },
    { "wrong arguments are refused by every function of CNDEV", wrong_arguments_are_refused_by_every_function },
    { "MLU readings move in their range and stay where they are pinned", readings_move_in_their_range_and_stay_where_they_are_pinned },
    { "fields and MPM agree with the calls", fields_and_mpm_agree_with_the_calls },
    { "MLULinks name their other end", links_name_their_other_end },
    { "the distance of MLUs follows their place", distance_follows_the_place },
};
const size_t cndev_test_count = sizeof cndev_tests / sizeof cndev_tests[0];
