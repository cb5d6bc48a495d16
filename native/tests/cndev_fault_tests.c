/* CNDEV with faults: Xids, health and incidents, loss, hang, reset, lies. */
#define _GNU_SOURCE
#include "cndev_client.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { V6 = 6, LONG_WAIT = 10000 };

static void let_it_look(void) { usleep(5000); }

static void xids_end_a_wait_once_and_in_order(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    cndevEventHandle handle;
    cndevEventData_t data = { .version = V6 };
    uint64_t types;
    schedule(0, "mlu 1 xid 0x55"); /* before the registration */
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventHandleCreate(&handle));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetSupportedEventTypes(&types, cndev_card(cndev, 1)));
    CHECK_EQUAL(1, types);
    for (int32_t i = 0; i < 7; i++) CHECK_EQUAL(CNDEV_SUCCESS, cndev->RegisterEvents(handle, types, cndev_card(cndev, i)));
    CHECK_EQUAL(CNDEV_ERROR_NOT_SUPPORTED, cndev->RegisterEvents(handle, 2, cndev_card(cndev, 1)));
    CHECK_EQUAL(CNDEV_ERROR_TIMEOUT, cndev->EventWait(handle, &data, 0));
    schedule(60, "mlu 3 xid 0x100000045");
    schedule(30, "mlu 2 xid 7");
    schedule(31, "mlu 7 xid 7"); /* not registered */
    int64_t start = sim_monotonic();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventWait(handle, &data, LONG_WAIT));
    CHECK(data.device == cndev_card(cndev, 2) && data.eventData == 7 && data.eventType == 1 && data.timestamp > 0);
    CHECK(data.mluInstanceId == UINT32_MAX && data.computeInstanceId == UINT32_MAX);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventWait(handle, &data, -1));
    CHECK(data.device == cndev_card(cndev, 3) && data.eventData == 0x100000045);
    CHECK(sim_monotonic() - start < 5000000000);
    CHECK_EQUAL(CNDEV_ERROR_TIMEOUT, cndev->EventWait(handle, &data, 20));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->InjectEventError(99, cndev_card(cndev, 5)));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventWait(handle, &data, LONG_WAIT));
    CHECK(data.device == cndev_card(cndev, 5) && data.eventData == 99);
    data.version = 5;
    CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->EventWait(handle, &data, 0));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventHandleDestroy(handle));
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, cndev->EventHandleDestroy(handle));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

struct waiter {
    const struct cndev_client *cndev;
    cndevEventHandle handle;
    cndevRet_t result;
};

static void *wait_for_ever(void *context)
{
    struct waiter *waiter = context;
    cndevEventData_t data = { .version = V6 };
    waiter->result = waiter->cndev->EventWait(waiter->handle, &data, -1);
    return NULL;
}

static void one_waits_and_its_handle_ends_it(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    struct waiter waiter = { .cndev = cndev };
    cndevEventData_t data = { .version = V6 };
    pthread_t thread;
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventHandleCreate(&waiter.handle));
    CHECK(pthread_create(&thread, NULL, wait_for_ever, &waiter) == 0);
    cndevRet_t second = CNDEV_SUCCESS;
    for (int i = 0; i < 2000 && second != CNDEV_ERROR_IN_USE; i++, usleep(1000)) second = cndev->EventWait(waiter.handle, &data, 0);
    CHECK_EQUAL(CNDEV_ERROR_IN_USE, second);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->EventHandleDestroy(waiter.handle));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(CNDEV_ERROR_INVALID_ARGUMENT, waiter.result);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static cndevCardHealthStateV2_t *health_of(const struct cndev_client *cndev, int32_t card)
{
    static cndevCardHealthStateV2_t state;
    memset(&state, 0x5a, sizeof state);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthStateV2(&state, cndev_card(cndev, card)));
    return &state;
}

static void incidents_make_a_card_bad_and_leave_it_good_again(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu590-8\n");
    cndevCardHealthState_t simple = { .version = V6 };
    cndevCardHealthStateV2_t *state = health_of(cndev, 4);
    CHECK(state->health == 1 && state->deviceState == 1 && state->driverState == 4 && state->overallHealth == 0 && state->incident_count == 0);
    schedule(0, "mlu 4 incident PCIE_WIDTH warn");
    let_it_look();
    state = health_of(cndev, 4);
    CHECK(state->health == 1 && state->overallHealth == 10 && state->incident_count == 1);
    CHECK(state->incidents[0].error.code == 6 && state->incidents[0].health == 10 && state->incidents[0].system == 1 && state->incidents[0].error.bdf == 0x9b00);
    CHECK_HAS("PCIE_WIDTH", state->incidents[0].error.msg);
    schedule(0, "mlu 4 link 3 down"); /* it follows from the state */
    schedule(0, "mlu 4 remap pending");
    let_it_look();
    state = health_of(cndev, 4);
    CHECK(state->health == 0 && state->overallHealth == 20 && state->incident_count == 3);
    CHECK(state->incidents[1].error.code == 9 && state->incidents[1].health == 20 && state->incidents[2].error.code == 19 && state->incidents[2].health == 10);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&simple, cndev_card(cndev, 4)));
    CHECK(simple.health == 0 && simple.deviceState == 1 && simple.driverState == 4);
    schedule(0, "mlu 4 link 3 up");
    schedule(0, "mlu 4 incident PCIE_WIDTH over");
    let_it_look();
    state = health_of(cndev, 4);
    CHECK(state->health == 1 && state->overallHealth == 10 && state->incident_count == 1);
    schedule(0, "mlu 4 health bad");
    schedule(0, "mlu 4 driver-state 5");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&simple, cndev_card(cndev, 4)));
    CHECK(simple.health == 0 && simple.driverState == 5);
    schedule(0, "mlu 4 health by-faults");
    schedule(0, "mlu 4 driver-state 4");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&simple, cndev_card(cndev, 4)));
    CHECK_EQUAL(1, simple.health);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void a_lost_card_is_in_problem_until_its_reset_is_over(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nlatency reset 150ms\n");
    cndevDevice_t card = cndev_card(cndev, 6);
    cndevCardHealthState_t state = { .version = V6 };
    cndevDevicePowerInfo_t power;
    schedule(0, "mlu 6 lost");
    let_it_look();
    CHECK_EQUAL(CNDEV_ERROR_IN_PROBLEM, cndev->GetDevicePowerInfo(&power, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&state, card));
    CHECK(state.health == 0 && state.deviceState == 0);
    schedule(0, "mlu 6 process 12 100");
    let_it_look();
    CHECK_EQUAL(CNDEV_ERROR_IN_USE, cndev->ResetDevice(card));
    schedule(0, "mlu 6 process 12 ends");
    schedule(0, "mlu 6 reset fails");
    let_it_look();
    CHECK_EQUAL(CNDEV_ERROR_TIMEOUT, cndev->ResetDevice(card));
    schedule(0, "mlu 6 reset works");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->ResetDevice(card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&state, card));
    CHECK(state.health == 0 && state.driverState == 6);
    usleep(200000);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&state, card));
    CHECK(state.health == 1 && state.deviceState == 1 && state.driverState == 4);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDevicePowerInfo(&power, card));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void a_card_that_is_gone_moves_the_others_up(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    cndevCardInfo_t cards = { .version = V6 };
    cndevDevice_t gone = cndev_card(cndev, 2), next = cndev_card(cndev, 3);
    uint32_t minor;
    schedule(0, "mlu 2 remove");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDeviceCount(&cards));
    CHECK_EQUAL(7, cards.number);
    CHECK_EQUAL(next, cndev_card(cndev, 2));
    CHECK_EQUAL(CNDEV_ERROR_INVALID_DEVICE_ID, cndev->DeviceGetMinorNumber(&minor, gone));
    schedule(0, "mlu 2 add");
    let_it_look();
    CHECK_EQUAL(gone, cndev_card(cndev, 2));
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->DeviceGetMinorNumber(&minor, gone));
    CHECK_EQUAL(2, minor);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static atomic_bool hung_call_returned;

static void *call_a_hung_card(void *context)
{
    const struct cndev_client *cndev = context;
    cndevCardHealthState_t state = { .version = V6 };
    cndev->GetCardHealthState(&state, cndev_card(cndev, 2));
    hung_call_returned = true;
    return NULL;
}

static void a_hung_card_blocks_its_caller_alone(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    pthread_t caller;
    cndevCardHealthState_t state = { .version = V6 };
    schedule(0, "mlu 2 hang");
    let_it_look();
    cndevDevice_t other = cndev_card(cndev, 3);
    CHECK(pthread_create(&caller, NULL, call_a_hung_card, (void *)cndev) == 0);
    for (int i = 0; i < 10; i++, usleep(2000)) CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&state, other));
    CHECK(!hung_call_returned);
    schedule(0, "mlu 2 unhang");
    CHECK(pthread_join(caller, NULL) == 0);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void lies_are_told_and_end(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\nmlu 0 lies absurd\nmlu 1 lies enum\nmlu 2 lies duplicate-uuid\nmlu 3 lies size\nmlu 4 lies empty\n");
    cndevTemperatureInfo_t heat = { .version = V6 };
    cndevCardHealthState_t state = { .version = V6 };
    cndevUUID_t one = { .version = V6 }, other = { .version = V6 };
    cndevDevicePowerInfo_t power = { .usage = -77 };
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetTemperatureInfo(&heat, cndev_card(cndev, 0)));
    CHECK_EQUAL(-1000, heat.chip);
    CHECK_EQUAL(5000, health_of(cndev, 0)->incident_count);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetCardHealthState(&state, cndev_card(cndev, 1)));
    CHECK_EQUAL(7, state.health);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetUUID(&one, cndev_card(cndev, 2)));
    CHECK_EQUAL(CNDEV_ERROR_UNSUPPORTED_API_VERSION, cndev->GetUUID(&other, cndev_card(cndev, 3)));
    schedule(0, "mlu 3 lies off");
    let_it_look();
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetUUID(&other, cndev_card(cndev, 3)));
    CHECK_TEXT((char *)one.uuid, (char *)other.uuid);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->GetDevicePowerInfo(&power, cndev_card(cndev, 4)));
    CHECK_EQUAL(-77, power.usage);
    CHECK_EQUAL(CNDEV_SUCCESS, cndev->Release());
}

static void call_forever(const void *context)
{
    const struct cndev_client *cndev = context;
    cndevCardInfo_t cards = { .version = V6 };
    for (int i = 0; i < 2000; i++) cndev->GetDeviceCount(&cards), usleep(1000);
}

static void segv_crashes_a_process_with_cndev(void)
{
    const struct cndev_client *cndev = cndev_start("node mlu370-8\n");
    schedule(50, "segv");
    CHECK_EQUAL(SIGSEGV, ended_by(call_forever, cndev));
}

const struct test cndev_fault_tests[] = {
    { "Xids of MLUs end a wait once and in order", xids_end_a_wait_once_and_in_order },
    { "one waits for Xids, and the end of its handle ends it", one_waits_and_its_handle_ends_it },
    { "incidents make a card bad and leave it good again", incidents_make_a_card_bad_and_leave_it_good_again },
    { "a lost MLU is in problem until its reset is over", a_lost_card_is_in_problem_until_its_reset_is_over },
    { "an MLU that is gone moves the others up", a_card_that_is_gone_moves_the_others_up },
    { "a hung MLU blocks its caller alone", a_hung_card_blocks_its_caller_alone },
    { "lies of an MLU are told and end", lies_are_told_and_end },
    { "segv crashes a process with CNDEV", segv_crashes_a_process_with_cndev },
};
const size_t cndev_fault_test_count = sizeof cndev_fault_tests / sizeof cndev_fault_tests[0];
