/* CNDEV: error counters, memory taken out of use, divided cards, processes. */
#define _GNU_SOURCE
#include "cndev_client.h"
#include "harness.h"

#include <unistd.h>

enum { V6 = 6 };

static void let_it_look(void) { usleep(5000); }

static void errors_are_counted_where_they_belong(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu590-8\n");
    cndevDevice_t card = cndev_card(cndev, 1);
    cndevECCInfo_t ecc = { .version = V6 };
    cndevMemEccCounter_t memory = { .version = V6 };
    cndevRemappedRow_t rows = { .version = V6 };
    cndevRemappedRowV2_t rows_v2 = { .version = V6 };
    cndevRepairStatus_t repair = { .version = V6 };
    cndevMLULinkCounter_t link = { .version = V6 }, again = { .version = V6 };
    cndevMLULinkEventCounter_t events;
    cndevPcieReplayCounter_t replays = { .version = V6 };
    cndevPerformanceThrottleReason_t throttle = { .version = V6 };
    cndevOverTemperatureInfo_t over = { .version = V6 };
    cndevMLULinkStatusV2_t status;
    cndevMLULinkRemoteInfo_t remote = { .version = V6 };
    cndevDevice_t peer;
    static cndevRetiredPageInfo_t pages = { .version = V6 };
    schedule(0, "mlu 1 ecc corrected 5");
    schedule(0, "mlu 1 ecc uncorrected 2");
    schedule(0, "mlu 1 remap correctable 3");
    schedule(0, "mlu 1 remap failed");
    schedule(0, "mlu 1 link 2 crc 7");
    schedule(0, "mlu 1 link 2 replay 4");
    schedule(0, "mlu 1 link 2 down");
    schedule(0, "mlu 1 pcie replay 6");
    schedule(0, "mlu 1 throttle 0x21");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetECCInfo(&ecc, card));
    CHECK(ecc.correctedError == 5 && ecc.uncorrectedError == 2 && ecc.totalError == 7);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMemEccCounter(&memory, card));
    CHECK(memory.volatileDramEccSbeCounter == 5 && memory.aggregateDramEccDbeCounter == 2 && memory.volatileSramEccDbeCounter == 0);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRemappedRows(&rows, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRemappedRowsV2(&rows_v2, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRepairStatus(&repair, card));
    CHECK(rows.correctRows == 3 && rows.failedRows == 1 && rows.pendingRows == 0 && rows_v2.histogram[0] == 637 && rows_v2.histogram[1] == 3 && repair.isFailure && !repair.isPending);
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->GetRetiredPages(&pages, card)); /* it remaps rows instead */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkCounter(&link, card, 2));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkEventCounter(&events, card, 2));
    usleep(10000);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkCounter(&again, card, 2));
    CHECK(link.errCRC32 == 7 && link.errReplay == 4 && events.linkDown == 1 && link.cntrReadByte == again.cntrReadByte);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkStatusV2(&status, card, 2));
    CHECK_EQUAL(0, status.macState);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkRemoteInfo(&remote, card, 2));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceHandleByUUID((char *)remote.uuid, &peer));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMLULinkStatusV2(&status, peer, (int32_t)remote.portId));
    CHECK_EQUAL(0, status.macState); /* a link has two ends */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPcieReplayCounter(&replays, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetPerformanceThrottleReason(&throttle, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetOverTemperatureInfo(&over, card));
    CHECK(replays.counter == 6 && throttle.tdp == 1 && throttle.powerSetting == 0 && throttle.thermalSlowdown == 1 && over.underClockCounter == 1);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void old_boards_retire_pages_and_know_less(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nlatency reset 0s\n");
    cndevDevice_t card = cndev_card(cndev, 0);
    static cndevRetiredPageInfo_t pages = { .version = V6, .cause = 1 };
    cndevRetiredPageStatus_t status = { .version = V6 };
    cndevRemappedRow_t rows = { .version = V6 };
    cndevMemEccCounter_t memory = { .version = V6 };
    cndevCardHeartbeatCount_t heart = { .version = V6 }, later = { .version = V6 };
    bool mpm;
    schedule(0, "mlu 0 remap uncorrectable 2");
    schedule(0, "mlu 0 retire pending");
    schedule(0, "mlu 0 heartbeat stops");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRetiredPages(&pages, card));
    CHECK(pages.pageCount == 2 && pages.pageAddress[0] != pages.pageAddress[1]);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRetiredPagesStatus(&status, card));
    CHECK_EQUAL(1, status.isPending);
    pages.cause = 2;
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->GetRetiredPages(&pages, card));
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->GetRemappedRows(&rows, card));
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->GetMemEccCounter(&memory, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->MpmQueryDeviceSupport(card, &mpm));
    CHECK(!mpm);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHeartbeatCount(&heart, card));
    usleep(1100000);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHeartbeatCount(&later, card));
    CHECK_EQUAL(heart.heartbeatCount, later.heartbeatCount);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHeartbeatCount(&later, cndev_card(cndev, 1)));
    CHECK(later.heartbeatCount > heart.heartbeatCount);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->ResetDevice(card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetRetiredPagesStatus(&status, card));
    CHECK_EQUAL(0, status.isPending);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void cards_are_divided_by_mim_and_by_smlu(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nmlu 0 mim on\nmlu 0 mim create 2m.16gb\nmlu 0 mim create 1m.8gb\nmlu 1 smlu on\nmlu 1 smlu create 30 4096\n");
    static cndevMluInstanceInfo_t instances[4] = { { .version = V6 } };
    static cndevSMluInfo_t shares[4] = { { .version = V6 } };
    cndevMluInstanceProfileInfo_t profile = { .version = V6 };
    cndevSMluProfileInfo_t share = { .version = V6 };
    cndevSMluProfileIdInfo_t profiles = { .version = V6 };
    cndevMimMode_t mim = { .version = V6 };
    cndevDevice_t divided = cndev_card(cndev, 0), shared = cndev_card(cndev, 1), whole = cndev_card(cndev, 2);
    cndevMluInstance_t handle;
    int32_t count = 1, id;
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMimMode(&mim, divided));
    CHECK_EQUAL(1, mim.mimMode);
    CHECK_EQUAL(CNDEV_ERROR_INSUFFICIENT_SPACE, cndev->GetAllMluInstanceInfo(&count, instances, divided));
    CHECK_EQUAL(2, count);
    count = 4;
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetAllMluInstanceInfo(&count, instances, divided));
    CHECK_EQUAL(2, count);
    CHECK_TEXT("2m.16gb", instances[0].profileName);
    CHECK_TEXT("/dev/cambricon-caps/cap_dev0_mi1", instances[0].devNodeName);
    CHECK(instances[0].instanceId == 1 && instances[1].instanceId == 2 && instances[1].placement.start == 2 && instances[1].placement.size == 1
          && instances[0].memorySize == 16384 && instances[0].mluCoreCount == 10 && strcmp((char *)instances[0].uuid, (char *)instances[1].uuid) != 0);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetMluInstanceProfileInfo(&profile, 2, divided));
    CHECK_TEXT("2m.16gb", profile.name);
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->GetMluInstanceProfileInfo(&profile, 8, divided));
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->GetMluInstanceProfileInfo(&profile, 9, divided));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->CreateMluInstanceByProfileName(&handle, "3m.24gb", divided, "mine"));
    CHECK_EQUAL(CNDEV_ERROR_INSUFFICIENT_SPACE, cndev->CreateMluInstanceByProfileName(&handle, "3m.24gb", divided, "mine"));
    CHECK_EQUAL(CNDEV_ERROR_NOT_FOUND, cndev->CreateMluInstanceByProfileName(&handle, "9m.99gb", divided, "mine"));
    CHECK_EQUAL(CNDEV_ERROR_NOT_FOUND, cndev->DestroySMluInstanceByHandle(handle)); /* it is no share */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->DestroyMluInstanceByHandle(handle));
    CHECK_EQUAL(CNDEV_ERROR_NOT_FOUND, cndev->DestroyMluInstanceByHandle(handle));
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->CreateMluInstanceByProfileName(&handle, "1m.8gb", whole, "mine"));

    cndevSMluSet_t set = { .version = V6, .mluQuota = 50, .memorySize = UINT64_C(8) << 30 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->CreateSMluProfileInfo(&set, &id, shared));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->CreateSMluInstanceByProfileId(&handle, (uint32_t)id, shared, "mine"));
    CHECK_EQUAL(CNDEV_ERROR_INSUFFICIENT_SPACE, cndev->CreateSMluInstanceByProfileId(&handle, (uint32_t)id, shared, "mine")); /* 30 + 50 + 50 */
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetAllSMluInstanceInfo(&count, shares, shared));
    CHECK(count == 2 && shares[0].mluQuota[0] == 30 && shares[0].memorySize[0] == UINT64_C(4) << 30 && shares[1].profileId == id && shares[1].mluQuota[0] == 50);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetSMluProfileIdInfo(&profiles, shared));
    CHECK(profiles.count == 2 && profiles.profileId[1] == id);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetSMluProfileInfo(&share, id, shared));
    CHECK(share.totalCapacity == 2 && share.remainCapacity == 1 && share.mluQuota[0] == 50 && share.memorySize[0] == UINT64_C(8) << 30);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->DestroySMluInstanceByHandle(handle));
    mim.mimMode = 0;
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->SetMimMode(&mim, divided));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetAllMluInstanceInfo(&count, instances, divided));
    CHECK_EQUAL(0, count);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void processes_grow_an_array_that_is_too_small(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nmlu 0 process 10 100\nmlu 0 process 11 200\nmlu 0 vf 3\n");
    cndevProcessInfo_t process[2] = { { .version = V6 } };
    cndevProcessUtilizationInfo_t use[2];
    cndevCardVfState_t vf = { .version = V6 };
    uint32_t count = 1;
    cndevDevice_t card = cndev_card(cndev, 0);
    CHECK_EQUAL(CNDEV_ERROR_INSUFFICIENT_SPACE, cndev->GetProcessInfo(&count, process, card));
    CHECK_EQUAL(2, count);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetProcessInfo(&count, process, card));
    CHECK(process[0].pid == 10 && process[0].physicalMemoryUsed == 100 << 10 && process[1].pid == 11);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetProcessUtilizationInfo(&count, use, card));
    CHECK(count == 2 && use[1].pid == 11 && use[0].ipuUtil <= 50 && use[0].timestamp > 0);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardVfState(&vf, card));
    CHECK_EQUAL(3, vf.vfState);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

const struct test cndev_memory_tests[] = {
    { "errors of an MLU are counted where they belong", errors_are_counted_where_they_belong },
    { "old MLUs retire pages and know less", old_boards_retire_pages_and_know_less },
    { "MLUs are divided by MIM and by sMLU", cards_are_divided_by_mim_and_by_smlu },
    { "processes of an MLU grow an array that is too small", processes_grow_an_array_that_is_too_small },
};
const size_t cndev_memory_test_count = sizeof cndev_memory_tests / sizeof cndev_memory_tests[0];
