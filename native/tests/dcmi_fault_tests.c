/* DCMI with faults: codes and their events, loss, hang, reset, links, vNPUs, lies. */
#define _GNU_SOURCE
#include "dcmi_client.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

/* Past the interval at which the library looks at the file. */
static void let_it_look(void) { usleep(5000); }

static pthread_mutex_t heard_lock = PTHREAD_MUTEX_INITIALIZER;
static struct dcmi_dms_fault_event heard[16], heard_severe[16];
static unsigned heard_count, heard_severe_count;

static void hear(struct dcmi_event *event)
{
    pthread_mutex_lock(&heard_lock);
    if (heard_count < 16) heard[heard_count++] = event->event_t.dms_event;
    pthread_mutex_unlock(&heard_lock);
}

static void hear_severe(struct dcmi_event *event)
{
    pthread_mutex_lock(&heard_lock);
    if (heard_severe_count < 16) heard_severe[heard_severe_count++] = event->event_t.dms_event;
    pthread_mutex_unlock(&heard_lock);
}

/* Waits until so many events were heard. */
static void wait_for(const unsigned *count, unsigned wanted)
{
    for (int i = 0; i < 5000; i++) {
        pthread_mutex_lock(&heard_lock);
        unsigned now = *count;
        pthread_mutex_unlock(&heard_lock);
        if (now >= wanted) return;
        usleep(1000);
    }
    check_failed(__FILE__, __LINE__, "%u events instead of %u", *count, wanted);
}

static void faults_come_and_go_with_their_events(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    uint32_t codes[128], health;
    int count;
    schedule(0, "npu 3 fault 0x80E01801 major"); /* before the subscription: not told */
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(3, 0, &health));
    CHECK_EQUAL(2, health);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_subscribe_fault_event(-1, -1, (struct dcmi_event_filter){ 0 }, hear));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_subscribe_fault_event(3, 0, (struct dcmi_event_filter){ .filter_flag = 2, .severity = 2 }, hear_severe));
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_subscribe_fault_event(-1, -1, (struct dcmi_event_filter){ 0 }, NULL));
    CHECK_EQUAL(DCMI_INVALID_DEVICE, dcmi->dcmi_subscribe_fault_event(77, 0, (struct dcmi_event_filter){ 0 }, hear));
    schedule(0, "npu 3 fault 0x81078603 minor");
    schedule(0, "npu 3 fault 0x81078603 minor"); /* it is there already */
    schedule(0, "npu 5 fault 0x8C2FA009 once");
    schedule(0, "npu 3 fault 0x80E01801 cleared");
    schedule(0, "npu 3 fault 0x80FA4E00 critical");
    wait_for(&heard_count, 4);
    wait_for(&heard_severe_count, 2);
    usleep(20000);
    CHECK(heard_count == 4 && heard_severe_count == 2);
    const struct { uint32_t code; unsigned device, severity, assertion; } wanted[] = {
        { 0x81078603, 3, 1, 1 }, { 0x8C2FA009, 5, 1, 2 }, { 0x80E01801, 3, 2, 0 }, { 0x80FA4E00, 3, 3, 1 },
    };
    for (size_t i = 0; i < 4; i++)
        CHECK(heard[i].event_id == wanted[i].code && heard[i].deviceid == wanted[i].device && heard[i].severity == wanted[i].severity
              && heard[i].assertion == wanted[i].assertion && heard[i].alarm_raised_time > 1600000000);
    CHECK(heard_severe[0].event_id == 0x80E01801 && heard_severe[1].event_id == 0x80FA4E00);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(3, 0, &count, codes, 128));
    CHECK(count == 2 && codes[0] == 0x81078603 && codes[1] == 0x80FA4E00);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(3, 0, &count, codes, 1)); /* no more than there is room for */
    CHECK_EQUAL(1, count);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(3, 0, &health));
    CHECK_EQUAL(3, health);
    schedule(0, "npu 3 health absent");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(3, 0, &health));
    CHECK_EQUAL(UINT32_MAX, health);
}

static void a_lost_npu_is_not_ready_until_its_reset_is_over(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910-8\nlatency reset 300ms\n");
    uint32_t health, codes[128], status, last = 0;
    int count, celsius;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(6, 0, &health));
    schedule(0, "npu 6 lost");
    let_it_look();
    CHECK_EQUAL(DCMI_NOT_READY, dcmi->dcmi_get_device_health(6, 0, &health));
    CHECK_EQUAL(DCMI_NOT_READY, dcmi->dcmi_get_device_temperature(6, 0, &celsius));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(6, 0, &count, codes, 128));
    CHECK(count == 1 && codes[0] == 0x40F84E00);
    schedule(0, "npu 4 process 4711 1000"); /* of the same ring of four */
    let_it_look();
    CHECK_EQUAL(DCMI_OCCUPIED, dcmi->dcmi_set_device_reset(6, 0, 1));
    CHECK_EQUAL(DCMI_OCCUPIED, dcmi->dcmi_pre_reset_soc(6, 0));
    schedule(0, "npu 4 process 4711 ends");
    schedule(0, "npu 6 reset fails");
    let_it_look();
    CHECK_EQUAL(DCMI_RESET_FAILED, dcmi->dcmi_set_device_reset(6, 0, 1));
    schedule(0, "npu 6 reset works");
    schedule(0, "npu 6 outband off");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_outband_channel_state(6, 0, &count));
    CHECK_EQUAL(0, count);
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_set_device_reset(6, 0, 0));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_set_device_reset(6, 0, 1));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(3, 0, &celsius)); /* the other ring */
    CHECK_EQUAL(DCMI_NOT_READY, dcmi->dcmi_get_device_temperature(4, 0, &celsius));
    for (unsigned seen = 0; seen != 15; usleep(10000)) {
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_boot_status(6, 0, &status));
        CHECK(status <= 3 && status >= last);
        last = status;
        seen |= 1u << status;
        if (status == 3) CHECK((seen & 7) == 7);
    }
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_rescan_soc(6, 0));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(6, 0, &health));
    CHECK_EQUAL(0, health);
}

static atomic_bool hung_call_returned;
static atomic_int hung_call_result;

static void *call_a_hung_npu(void *context)
{
    const struct dcmi_client *dcmi = context;
    int celsius;
    hung_call_result = dcmi->dcmi_get_device_temperature(2, 0, &celsius);
    hung_call_returned = true;
    return NULL;
}

static void a_hung_npu_blocks_its_caller_alone(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    pthread_t caller;
    int celsius, cards, card[64], count;
    uint32_t codes[128];
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(2, 0, &celsius));
    schedule(0, "npu 2 hang");
    schedule(0, "npu 2 fault 0x80FA4E00 critical");
    let_it_look();
    CHECK(pthread_create(&caller, NULL, call_a_hung_npu, (void *)dcmi) == 0);
    for (int i = 0; i < 10; i++) {
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(3, 0, &celsius));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
        CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(2, 0, &count, codes, 128)); /* the host's */
        usleep(2000);
    }
    CHECK(!hung_call_returned && cards == 8 && count == 1);
    CHECK_EQUAL(DCMI_RESET_FAILED, dcmi->dcmi_set_device_reset(2, 0, 1));
    schedule(0, "npu 2 unhang");
    CHECK(pthread_join(caller, NULL) == 0);
    CHECK_EQUAL(DCMI_OK, hung_call_result);
}

static void an_npu_that_is_gone_moves_the_others_up(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    int cards, card[64], logic, celsius;
    uint32_t phy;
    schedule(0, "npu 2 remove");
    schedule(0, "npu 7 unbind");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK(cards == 6 && card[1] == 1 && card[2] == 3 && card[5] == 6);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_logic_id(&logic, 3, 0));
    CHECK_EQUAL(2, logic);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_phyid_from_logicid(2, &phy));
    CHECK_EQUAL(3, phy);
    CHECK_EQUAL(DCMI_INVALID_DEVICE, dcmi->dcmi_get_device_logicid_from_phyid(2, &phy));
    CHECK_EQUAL(DCMI_NO_DEVICE, dcmi->dcmi_get_device_temperature(2, 0, &celsius));
    schedule(0, "npu 2 add");
    schedule(0, "npu 7 bind");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_card_list(&cards, card, 64));
    CHECK_EQUAL(8, cards);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(2, 0, &celsius));
}

static void errors_are_counted_where_they_belong(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    struct dcmi_ecc_info ecc;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_ecc_info(1, 0, 2, &ecc));
    CHECK(ecc.enable_flag == 1 && ecc.total_single_bit_error_cnt == 0);
    schedule(0, "npu 1 ecc corrected 5");
    schedule(0, "npu 1 ecc uncorrected 2");
    schedule(0, "npu 1 isolated uncorrected 64");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_ecc_info(1, 0, 2, &ecc));
    CHECK(ecc.single_bit_error_cnt == 5 && ecc.double_bit_error_cnt == 2 && ecc.double_bit_isolated_pages_cnt == 64);
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_ecc_info(1, 0, 0, &ecc)); /* HBM, no DDR */
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_device_ecc_info(1, 0, 4, &ecc));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_set_device_reset(1, 0, 1));
    usleep(600000);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_ecc_info(1, 0, 2, &ecc));
    CHECK(ecc.single_bit_error_cnt == 0 && ecc.total_single_bit_error_cnt == 5 && ecc.total_double_bit_error_cnt == 2 && ecc.double_bit_isolated_pages_cnt == 64);
}

static void links_and_the_network_follow_the_scenario(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    struct dcmi_hccs_bandwidth_info bandwidth = { .profiling_time = 20 };
    struct dcmi_pcie_link_bandwidth_info pcie = { .profiling_time = 20 };
    struct dcmi_hccs_statistic_info_u64 counted, again;
    struct dcmi_hccs_statistic_info narrow;
    struct dcmi_ip_addr ip = { 0 }, mask;
    uint32_t health, size = sizeof counted;
    int64_t start = sim_monotonic();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_hccs_link_bandwidth_info(0, 0, &bandwidth));
    CHECK(sim_monotonic() - start >= 20000000); /* it blocks for the time asked for */
    CHECK(bandwidth.tx_bandwidth[6] == 7 && bandwidth.tx_bandwidth[7] == 0 && bandwidth.total_txbw == 49);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_pcie_link_bandwidth_info(0, 0, &pcie));
    CHECK(pcie.tx_p_bw[0] <= pcie.tx_p_bw[2] && pcie.tx_p_bw[2] <= pcie.tx_p_bw[1]);
    bandwidth.profiling_time = 0;
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_hccs_link_bandwidth_info(0, 0, &bandwidth));
    schedule(0, "npu 0 link 6 down");
    schedule(0, "npu 0 link 2 crc 9");
    schedule(0, "npu 0 link 2 replay 4");
    schedule(0, "npu 0 roce down");
    let_it_look();
    bandwidth.profiling_time = 1;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_hccs_link_bandwidth_info(0, 0, &bandwidth));
    CHECK(bandwidth.tx_bandwidth[6] == 0 && bandwidth.total_txbw == 42);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(0, 0, 16, 5, &counted, &size));
    usleep(20000);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(0, 0, 16, 5, &again, &size));
    CHECK(size == sizeof counted && counted.crc_err_cnt[2] == 9 && counted.retry_cnt[2] == 4 && counted.tx_cnt[0] < again.tx_cnt[0]);
    CHECK(counted.tx_cnt[6] == again.tx_cnt[6] && counted.tx_cnt[7] == 0);
    size = sizeof narrow - 1;
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_device_info(0, 0, 16, 3, &narrow, &size));
    size = sizeof narrow;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(0, 0, 16, 3, &narrow, &size));
    CHECK_EQUAL(9, narrow.crc_err_cnt[2]);
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_info(0, 0, 12, 1, &narrow, &size)); /* no super-pod */
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_info(0, 0, 99, 1, &narrow, &size));
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_info(0, 0, 15, 259, &narrow, &size));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_network_health(0, 0, &health));
    CHECK_EQUAL(3, health);
    schedule(0, "npu 0 roce up");
    schedule(0, "npu 1 network-health 2");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_network_health(0, 0, &health));
    CHECK_EQUAL(0, health);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_network_health(1, 0, &health));
    CHECK_EQUAL(2, health);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_ip(4, 0, 1, 0, &ip, &mask));
    CHECK(ip.ip_type == 0 && ip.u_addr.ip4[0] == 10 && ip.u_addr.ip4[3] == 104 && mask.u_addr.ip4[2] == 255 && mask.u_addr.ip4[3] == 0);
    ip.ip_type = 1;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_ip(4, 0, 1, 0, &ip, &mask));
    CHECK(ip.ip_type == 1 && ip.u_addr.ip6[0] == 0xfd && ip.u_addr.ip6[15] == 4);
    CHECK_EQUAL(DCMI_NOT_SUPPORTED, dcmi->dcmi_get_device_ip(4, 0, 0, 0, &ip, &mask)); /* no virtual NIC */
}

static void vnpus_are_made_counted_and_destroyed(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend310p-4\nnpu 0 vnpu create vir02\nnpu 0 process 99 300\n");
    struct dcmi_create_vdev_res_stru wanted = { .vdev_id = UINT32_MAX, .template_name = "vir04_3c" };
    struct dcmi_create_vdev_out made;
    struct dcmi_soc_total_resource total;
    struct dcmi_soc_free_resource left;
    struct dcmi_vdev_query_stru query = { 0 };
    struct dcmi_proc_mem_info process[32];
    uint32_t size = sizeof total;
    int count;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_create_vdevice(1, 0, &wanted, &made));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(1, 0, 52, 1, &total, &size));
    CHECK(total.vdev_num == 2 && total.vdev_id[0] == 100 && total.vdev_id[1] == made.vdev_id && total.computing.aic == 8 && total.computing.memory_size == 49152);
    size = sizeof left;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(1, 0, 52, 2, &left, &size));
    CHECK(left.computing.aic == 2 && left.computing.memory_size == 49152 - 6144 - 12288);
    CHECK_EQUAL(DCMI_OCCUPIED, dcmi->dcmi_create_vdevice(1, 0, &wanted, &made)); /* two cores are left */
    query.vdev_id = made.vdev_id;
    size = sizeof query;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(1, 0, 52, 0, &query, &size));
    CHECK_TEXT("vir04_3c", query.query_info.name);
    CHECK(query.query_info.computing.aic == 4 && query.query_info.computing.memory_size == 12288 && query.query_info.computing.vdev_memory_total == 0);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(1, 0, 52, 5, &query, &size));
    CHECK(query.query_info.computing.vdev_memory_total == 12288 << 10 && query.query_info.computing.vdev_aicore_utilization <= 100);
    query.vdev_id = 4000;
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_get_device_info(1, 0, 52, 0, &query, &size));
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_set_destroy_vdevice(1, 0, 4000));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_set_destroy_vdevice(1, 0, 100));
    size = sizeof total;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_info(1, 0, 52, 1, &total, &size));
    CHECK(total.vdev_num == 1 && total.vdev_id[0] == 101);
    strcpy(wanted.template_name, "vir99");
    CHECK_EQUAL(DCMI_PARAMETER, dcmi->dcmi_create_vdevice(1, 0, &wanted, &made));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_resource_info(1, 0, process, &count));
    CHECK(count == 1 && process[0].proc_id == 99 && process[0].proc_mem_usage == 300 << 20);
}

static void lies_are_told_and_end(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\nnpu 0 lies absurd\nnpu 1 lies enum\nnpu 2 lies duplicate-uuid\nnpu 4 lies empty\n");
    struct dcmi_chip_info_v2 chip;
    struct dcmi_die_id die, other;
    struct dcmi_proc_mem_info process[32];
    int celsius, count;
    uint32_t health, codes[128];
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(0, 0, &celsius));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_errorcode_v2(0, 0, &count, codes, 128));
    CHECK(celsius == 32767 && count == 100000);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_resource_info(0, 0, process, &count));
    CHECK_EQUAL(1000, count);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_health(1, 0, &health));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_chip_info_v2(1, 0, &chip));
    CHECK(health == 77 && memchr(chip.chip_name, '\0', sizeof chip.chip_name) == NULL);
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_die_v2(2, 0, 1, &die));
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_die_v2(3, 0, 1, &other));
    CHECK(memcmp(&die, &other, sizeof die) == 0);
    celsius = -77;
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(4, 0, &celsius));
    CHECK_EQUAL(-77, celsius);
    schedule(0, "npu 4 lies off");
    let_it_look();
    CHECK_EQUAL(DCMI_OK, dcmi->dcmi_get_device_temperature(4, 0, &celsius));
    CHECK(celsius > 0);
}

static void call_forever(const void *context)
{
    const struct dcmi_client *dcmi = context;
    int celsius;
    for (int i = 0; i < 2000; i++) dcmi->dcmi_get_device_temperature(0, 0, &celsius), usleep(1000);
}

static void segv_crashes_a_process_with_dcmi(void)
{
    const struct dcmi_client *dcmi = dcmi_start("node ascend910b-8\n");
    schedule(50, "segv");
    CHECK_EQUAL(SIGSEGV, ended_by(call_forever, dcmi));
}

const struct test dcmi_fault_tests[] = {
    { "faults come and go with their events", faults_come_and_go_with_their_events },
    { "a lost NPU is not ready until its reset is over", a_lost_npu_is_not_ready_until_its_reset_is_over },
    { "a hung NPU blocks its caller alone", a_hung_npu_blocks_its_caller_alone },
    { "an NPU that is gone moves the others up", an_npu_that_is_gone_moves_the_others_up },
    { "errors of an NPU are counted where they belong", errors_are_counted_where_they_belong },
    { "HCCS links and the network follow the scenario", links_and_the_network_follow_the_scenario },
    { "vNPUs are made, counted and destroyed", vnpus_are_made_counted_and_destroyed },
    { "lies of an NPU are told and end", lies_are_told_and_end },
    { "segv crashes a process with DCMI", segv_crashes_a_process_with_dcmi },
};
const size_t dcmi_fault_test_count = sizeof dcmi_fault_tests / sizeof dcmi_fault_tests[0];
