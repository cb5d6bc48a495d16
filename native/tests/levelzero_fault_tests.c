/* Level Zero with faults: the states of a GPU, errors, events, reset, removal, lies, a hang, a crash. */
#define _GNU_SOURCE
#include "levelzero_client.h"
#include "harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static void let_it_look(void) { usleep(5000); }

/* What a call of each depth answers: what the driver knows, the state, the GPU itself. */
static void answers(const struct lz_client *lz, ze_handle gpu, ze_result cached, ze_result state, ze_result telemetry)
{
    struct zes_pci_properties pci = { .stype = STYPE_PCI };
    struct zes_device_state reasons = { .stype = STYPE_DEVICE_STATE };
    struct zes_pci_stats stats;
    CHECK_EQUAL(cached, lz->zesDevicePciGetProperties(gpu, &pci));
    CHECK_EQUAL(state, lz->zesDeviceGetState(gpu, &reasons));
    CHECK_EQUAL(telemetry, lz->zesDevicePciGetStats(gpu, &stats));
}

static void a_fault_changes_what_calls_answer_and_a_reset_ends_it(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\nlatency reset 20ms\n");
    ze_handle gpu = lz_gpu(lz, 1);
    struct zes_device_state state = { .stype = STYPE_DEVICE_STATE };
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
    schedule(0, "intel 1 wedged");
    let_it_look();
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_REQUIRES_RESET);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetState(gpu, &state));
    CHECK_EQUAL(1, state.reset);
    schedule(0, "intel 1 process 4711 100");
    let_it_look();
    CHECK_EQUAL(ZE_IN_USE, lz->zesDeviceReset(gpu, 0));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceReset(gpu, 1)); /* comes back when it is over */
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetState(gpu, &state));
    CHECK_EQUAL(0, state.reset);
    schedule(0, "intel 1 lost");
    let_it_look();
    answers(lz, gpu, ZE_SUCCESS, ZE_DEVICE_LOST, ZE_DEVICE_LOST);
    answers(lz, lz_gpu(lz, 0), ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
    schedule(0, "intel 1 reset fails");
    let_it_look();
    CHECK_EQUAL(ZE_UNKNOWN, lz->zesDeviceResetExt(gpu, &(struct zes_reset_properties){ .stype = STYPE_RESET, .resetType = 2 }));
    schedule(0, "intel 1 reset works");
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceResetExt(gpu, &(struct zes_reset_properties){ .stype = STYPE_RESET, .resetType = 2 }));
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
    schedule(0, "intel 1 survivability on");
    let_it_look();
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SURVIVABILITY);
    schedule(0, "intel 1 survivability off");
    schedule(0, "intel 1 repair pending");
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetState(gpu, &state));
    CHECK_EQUAL(2, state.reset);
}

static void a_removed_gpu_leaves_the_list_and_comes_back(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle gpus[LZ_MOST], gpu = lz_gpu(lz, 1);
    schedule(0, "intel 1 remove");
    let_it_look();
    CHECK_EQUAL(3, lz_gpus(lz, gpus));
    answers(lz, gpu, ZE_DEVICE_LOST, ZE_DEVICE_LOST, ZE_DEVICE_LOST);
    schedule(0, "intel 1 add");
    let_it_look();
    CHECK_EQUAL(4, lz_gpus(lz, gpus));
    CHECK(gpus[1] == gpu);
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
}

static void health_and_heat_follow_the_timeline(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle gpu = lz_gpu(lz, 0), memory = lz_part(lz->zesDeviceEnumMemoryModules, gpu, 0), clock = lz_part(lz->zesDeviceEnumFrequencyDomains, gpu, 0);
    struct zes_mem_state state = { .stype = STYPE_MEMORY_STATE };
    struct zes_freq_state frequency = { .stype = STYPE_FREQUENCY_STATE };
    struct zes_freq_throttle_time before, after;
    struct zes_pci_state pci = { .stype = STYPE_PCI_STATE };
    struct zes_pci_stats stats;
    struct zes_process_state row = { .stype = STYPE_PROCESS };
    struct zes_power_energy_counter energy;
    double heat;
    static const char *const words[] = { "unknown", "ok", "degraded", "critical", "replace" };
    for (int32_t health = 0; health < 5; health++) {
        char command[64];
        snprintf(command, sizeof command, "intel 0 memory-health %s", words[health]);
        schedule(0, command);
        let_it_look();
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetState(memory, &state));
        CHECK_EQUAL(health, state.health);
    }
    schedule(0, "intel 0 temperature 103");
    schedule(0, "intel 0 throttle thermal 1");
    schedule(0, "intel 0 throttle pl1 1");
    schedule(0, "intel 0 clock 700");
    schedule(0, "intel 0 pcie replay 9");
    schedule(0, "intel 0 pcie-link quality");
    schedule(0, "intel 0 process 4711 2048");
    schedule(0, "intel 0 work 3000 2500");
    let_it_look();
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQUAL(ZE_SUCCESS, lz->zesTemperatureGetState(lz_part(lz->zesDeviceEnumTemperatureSensors, gpu, i), &heat));
        CHECK(heat == 103);
    }
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetState(clock, &frequency));
    CHECK(frequency.throttleReasons == 9 && frequency.actual == 700);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetThrottleTime(clock, &before));
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetThrottleTime(clock, &after));
    CHECK(after.throttleTime - before.throttleTime == after.timestamp - before.timestamp);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetState(gpu, &pci));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetStats(gpu, &stats));
    CHECK(pci.status == 2 && pci.qualityIssues == 1 && pci.stabilityIssues == 0 && stats.replayCounter == 9);
    uint32_t count = 1;
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceProcessesGetState(gpu, &count, &row));
    CHECK(count == 1 && row.processId == 4711 && row.memSize == UINT64_C(2048) << 20 && row.stype == STYPE_PROCESS);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(lz_part(lz->zesDeviceEnumPowerDomains, gpu, 0), &energy));
    CHECK_EQUAL(3005000000, energy.energy);
    schedule(0, "intel 0 throttle 0");
    schedule(0, "intel 0 pcie-link stability");
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetThrottleTime(clock, &before));
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetThrottleTime(clock, &after));
    CHECK_EQUAL(before.throttleTime, after.throttleTime);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetState(gpu, &pci));
    CHECK(pci.status == 3 && pci.stabilityIssues == 1);
}

static void errors_are_counted_by_category_and_cleared(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle gpu = lz_gpu(lz, 2), sets[2] = { lz_part(lz->zesDeviceEnumRasErrorSets, gpu, 0), lz_part(lz->zesDeviceEnumRasErrorSets, gpu, 1) };
    struct zes_ras_state state = { .stype = STYPE_RAS_STATE };
    struct zes_ras_state_exp rows[16];
    uint32_t count = 16;
    schedule(0, "intel 2 error sgunit_fatal 2"); /* as a timeline of the node's files has it */
    schedule(0, "intel 2 error correctable_l3_sng 70");
    schedule(0, "intel 2 ras uncorrectable memory 3");
    schedule(0, "intel 2 ras correctable cache 5");
    let_it_look();
    for (int32_t type = 0; type < 2; type++) {
        struct zes_ras_properties properties = { .stype = STYPE_RAS };
        CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetProperties(sets[type], &properties));
        CHECK(properties.type == type && properties.onSubdevice && properties.subdeviceId == 0);
    }
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetState(sets[0], 0, &state));
    CHECK(state.category[5] == 75 && state.category[4] == 0);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetStateExp(sets[1], &count, rows));
    CHECK(count == 13 && rows[4].category == 4 && rows[4].errorCounter == 2 && rows[7].errorCounter == 3 && rows[5].errorCounter == 0);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetState(lz_part(lz->zesDeviceEnumRasErrorSets, gpu, 3), 0, &state)); /* the other tile */
    CHECK_EQUAL(0, state.category[4]);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasClearStateExp(sets[1], 7));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetStateExp(sets[1], &count, rows));
    CHECK(rows[7].errorCounter == 0 && rows[4].errorCounter == 2);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetState(sets[0], 1, &state)); /* tells and clears */
    CHECK_EQUAL(75, state.category[5]);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesRasGetState(sets[0], 0, &state));
    CHECK_EQUAL(0, state.category[5]);
}

static int32_t port_status(const struct lz_client *lz, uint32_t gpu, uint32_t port)
{
    struct zes_fabric_port_state state = { .stype = STYPE_PORT_STATE };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetState(lz_part(lz->zesDeviceEnumFabricPorts, lz_gpu(lz, gpu), port), &state));
    return state.status;
}

static void a_link_has_two_ends_and_heals(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    struct zes_fabric_port_throughput before, after;
    struct zes_fabric_port_error_counters errors = { .stype = STYPE_PORT_ERRORS };
    ze_handle port = lz_part(lz->zesDeviceEnumFabricPorts, lz_gpu(lz, 0), 2);
    schedule(0, "intel 0 link 2 down"); /* to GPU 3 */
    let_it_look();
    CHECK(port_status(lz, 0, 2) == 3 && port_status(lz, 3, 0) == 3 && port_status(lz, 0, 1) == 1);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetThroughput(port, &before));
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetThroughput(port, &after));
    CHECK(after.rxCounter == before.rxCounter && after.timestamp > before.timestamp);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetFabricErrorCounters(port, &errors));
    CHECK_EQUAL(1, errors.linkFailureCount);
    schedule(0, "intel 0 link 2 up");
    schedule(0, "intel 0 link 1 degraded");
    let_it_look();
    CHECK(port_status(lz, 0, 2) == 1 && port_status(lz, 3, 0) == 1 && port_status(lz, 0, 1) == 2 && port_status(lz, 2, 0) == 2);
    schedule(0, "intel 0 link 1 up");
    schedule(0, "intel 3 lost");
    let_it_look();
    CHECK(port_status(lz, 0, 1) == 1 && port_status(lz, 0, 2) == 3);
}

static void each_event_is_told_once_and_only_where_it_was_asked_for(void)
{
    static const struct { const char *command; uint32_t bit; } changes[] = {
        { "intel 1 throttle thermal 1", 0x10 }, { "intel 1 temperature 106", 0x40 }, { "intel 1 memory-health critical", 0x200 }, { "intel 1 link 0 down", 0x400 },
        { "intel 1 pcie-link stability", 0x800 }, { "intel 1 ras correctable cache 1", 0x1000 }, { "intel 1 error fatal_guc 1", 0x2000 },
        { "intel 1 wedged", 0x4000 }, { "intel 1 survivability on", 0x8000 }, { "intel 1 remove", 1 }, { "intel 1 add", 2 },
    };
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle driver = lz_driver(lz), gpus[LZ_MOST];
    uint32_t count = lz_gpus(lz, gpus), with, events[LZ_MOST];
    schedule(0, "intel 1 ras uncorrectable compute 1"); /* before the registration */
    let_it_look();
    for (uint32_t i = 0; i < 3; i++) CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceEventRegister(gpus[i], 0xffff));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDriverEventListen(driver, 0, count, gpus, &with, events));
    CHECK_EQUAL(0, with);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        schedule(15, changes[i].command);
        const int64_t start = sim_monotonic();
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDriverEventListenEx(driver, i % 2 == 0 ? UINT64_MAX : 10000, count, gpus, &with, events));
        if (with != 1 || events[0] != 0 || events[1] != changes[i].bit) check_failed(__FILE__, __LINE__, "%s is told by %u as %#x", changes[i].command, with, events[1]);
        CHECK(sim_monotonic() - start < 5000000000);
    }
    schedule(0, "intel 3 wedged"); /* nobody asked for it */
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDriverEventListen(driver, 20, count, gpus, &with, events));
    CHECK_EQUAL(0, with);
    schedule(0, "intel 0 wedged");
    schedule(0, "intel 0 ras uncorrectable soc 1");
    schedule(0, "intel 2 lost");
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDriverEventListen(driver, UINT32_MAX, count, gpus, &with, events));
    CHECK(with == 2 && events[0] == 0x6000 && events[1] == 0 && events[2] == 0x4000 && events[3] == 0);
    CHECK_EQUAL(ZE_NULL_HANDLE, lz->zesDriverEventListen(driver, 0, 1, &driver, &with, events));
    schedule(0, "event-wait fails");
    CHECK_EQUAL(ZE_UNKNOWN, lz->zesDriverEventListen(driver, 10000, count, gpus, &with, events));
}

static void lies_are_told_and_end(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\nintel 0 lies enum\nintel 1 lies absurd\nintel 2 lies duplicate-uuid\nintel 3 lies empty\n");
    ze_handle gpus[LZ_MOST];
    lz_gpus(lz, gpus);
    struct zes_device_properties one = { .stype = STYPE_DEVICE }, other = { .stype = STYPE_DEVICE };
    struct zes_mem_state memory = { .stype = STYPE_MEMORY_STATE };
    double heat = 0;
    CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetState(lz_part(lz->zesDeviceEnumMemoryModules, gpus[0], 0), &memory));
    CHECK_EQUAL(55, memory.health);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetState(lz_part(lz->zesDeviceEnumMemoryModules, gpus[1], 0), &memory));
    CHECK(memory.free > memory.size);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesTemperatureGetState(lz_part(lz->zesDeviceEnumTemperatureSensors, gpus[1], 0), &heat));
    CHECK(heat > 1e6);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetProperties(gpus[2], &one));
    schedule(0, "intel 3 lies off");
    let_it_look();
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetProperties(gpus[3], &other));
    CHECK(memcmp(one.core.uuid.id, other.core.uuid.id, 16) == 0 && other.core.vendorId == 0x8086);
    schedule(0, "intel 3 lies empty");
    let_it_look();
    other.core.vendorId = 0;
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetProperties(gpus[3], &other));
    CHECK_EQUAL(0, other.core.vendorId);
}

struct caller {
    const struct lz_client *lz;
    ze_handle gpu;
    ze_result result;
    atomic_bool done;
};

static void *ask(void *context)
{
    struct caller *caller = context;
    struct zes_pci_stats stats;
    caller->result = caller->lz->zesDevicePciGetStats(caller->gpu, &stats);
    atomic_store(&caller->done, true);
    return NULL;
}

static void a_hang_blocks_one_gpu_until_it_ends(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\nat 0s intel 0 hang\n");
    struct caller caller = { .lz = lz, .gpu = lz_gpu(lz, 0) };
    struct zes_pci_properties pci = { .stype = STYPE_PCI };
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, ask, &caller) == 0);
    usleep(50000);
    CHECK(!atomic_load(&caller.done));
    answers(lz, lz_gpu(lz, 1), ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetProperties(caller.gpu, &pci)); /* known since the start */
    CHECK_EQUAL(ZE_UNKNOWN, lz->zesDeviceReset(caller.gpu, 1));
    schedule(0, "intel 0 unhang");
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_EQUAL(ZE_SUCCESS, caller.result);
}

static void crash(const void *context)
{
    (void)context;
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle gpu = lz_gpu(lz, 0);
    schedule(0, "segv");
    let_it_look();
    answers(lz, gpu, ZE_SUCCESS, ZE_SUCCESS, ZE_SUCCESS);
}

static void a_crash_ends_the_process_and_a_symbol_can_be_left_out(void)
{
    CHECK_EQUAL(SIGSEGV, ended_by(crash, NULL));
    const struct lz_client *lz = lz_start("node max1550-4\nwithout zesDeviceGetState\n");
    answers(lz, lz_gpu(lz, 0), ZE_SUCCESS, ZE_UNSUPPORTED_FEATURE, ZE_SUCCESS);
}

static void a_call_that_changes_the_node_needs_a_file(void)
{
    const struct lz_client *lz = lz_open(".");
    CHECK_EQUAL(ZE_SUCCESS, lz->zesInit(0));
    CHECK_EQUAL(ZE_NO_PERMISSION, lz->zesDeviceReset(lz_gpu(lz, 0), 0));
}

const struct test levelzero_fault_tests[] = {
    { "a fault changes what calls of Sysman answer and a reset ends it", a_fault_changes_what_calls_answer_and_a_reset_ends_it },
    { "a removed Intel GPU leaves the list and comes back", a_removed_gpu_leaves_the_list_and_comes_back },
    { "health and heat of an Intel GPU follow the timeline", health_and_heat_follow_the_timeline },
    { "errors of an Intel GPU are counted by category and cleared", errors_are_counted_by_category_and_cleared },
    { "an Xe link has two ends and heals", a_link_has_two_ends_and_heals },
    { "each event of Sysman is told once and only where it was asked for", each_event_is_told_once_and_only_where_it_was_asked_for },
    { "lies of an Intel GPU are told and end", lies_are_told_and_end },
    { "a hang blocks one Intel GPU until it ends", a_hang_blocks_one_gpu_until_it_ends },
    { "a crash of Sysman ends the process, and a symbol can be left out", a_crash_ends_the_process_and_a_symbol_can_be_left_out },
    { "a call of Sysman that changes the node needs a file", a_call_that_changes_the_node_needs_a_file },
};
const size_t levelzero_fault_test_count = sizeof levelzero_fault_tests / sizeof levelzero_fault_tests[0];
