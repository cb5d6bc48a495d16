/* Level Zero without faults: start, enumeration, types of structs, identity, readings, builds. */
#define _GNU_SOURCE
#include "levelzero_client.h"
#include "harness.h"

#include <stdlib.h>
#include <unistd.h>

enum { I915_GPUS = 4 };

static struct zes_device_properties properties_of(const struct lz_client *lz, ze_handle gpu, struct zes_device_ext_properties *ext)
{
    struct zes_device_properties properties = { .stype = STYPE_DEVICE, .pNext = ext };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetProperties(gpu, &properties));
    CHECK(properties.stype == STYPE_DEVICE && properties.pNext == ext);
    return properties;
}

static void an_i915_node_tells_what_its_files_tell(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    ze_handle gpus[LZ_MOST];
    CHECK_EQUAL(I915_GPUS, lz_gpus(lz, gpus));
    for (uint32_t i = 0; i < I915_GPUS; i++) {
        struct zes_device_ext_properties ext = { .stype = STYPE_DEVICE_EXT };
        const struct zes_device_properties properties = properties_of(lz, gpus[i], &ext);
        CHECK(properties.core.vendorId == 0x8086 && properties.core.deviceId == 0x0bd5 && properties.core.type == 1 && properties.numSubdevices == 2);
        CHECK_TEXT("Intel(R) Data Center GPU Max 1550", properties.core.name);
        CHECK_TEXT("backported to 5.15", properties.driverVersion);
        CHECK(memcmp(ext.uuid.id, properties.core.uuid.id, 16) == 0 && ext.type == 1);
        struct zes_pci_properties pci = { .stype = STYPE_PCI };
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetProperties(gpus[i], &pci));
        CHECK(pci.address.domain == 0 && pci.address.bus == 0x10 + i && pci.address.device == 0 && pci.address.function == 0);
        CHECK(pci.maxSpeed.gen == 5 && pci.maxSpeed.width == 16 && pci.haveReplayCounters);
        ze_handle found;
        uint8_t part;
        uint32_t tile;
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDriverGetDeviceByUuidExp(lz_driver(lz), ext.uuid, &found, &part, &tile));
        CHECK(found == gpus[i] && part == 0);
    }
    CHECK_EQUAL(2, lz_count(lz->zesDeviceEnumMemoryModules, gpus[0]));
    CHECK_EQUAL(8, lz_count(lz->zesDeviceEnumEngineGroups, gpus[0]));
    CHECK_EQUAL(6, lz_count(lz->zesDeviceEnumTemperatureSensors, gpus[0]));
    CHECK_EQUAL(4, lz_count(lz->zesDeviceEnumFrequencyDomains, gpus[0]));
    CHECK_EQUAL(3, lz_count(lz->zesDeviceEnumPowerDomains, gpus[0]));
    CHECK_EQUAL(4, lz_count(lz->zesDeviceEnumRasErrorSets, gpus[0]));
    CHECK_EQUAL(3, lz_count(lz->zesDeviceEnumFabricPorts, gpus[0]));
    CHECK_EQUAL(0, lz_count(lz->zesDeviceEnumFans, gpus[0]));
    for (uint32_t tile = 0; tile < 2; tile++) {
        ze_handle memory = lz_part(lz->zesDeviceEnumMemoryModules, gpus[2], tile), clock = lz_part(lz->zesDeviceEnumFrequencyDomains, gpus[2], tile * 2);
        struct zes_mem_properties module = { .stype = STYPE_MEMORY };
        struct zes_mem_state state = { .stype = STYPE_MEMORY_STATE };
        struct zes_freq_state frequency = { .stype = STYPE_FREQUENCY_STATE };
        struct zes_freq_properties domain = { .stype = STYPE_FREQUENCY };
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetProperties(memory, &module));
        CHECK(module.onSubdevice && module.subdeviceId == tile && module.physicalSize == UINT64_C(64) << 30 && module.location == 1);
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetState(memory, &state));
        CHECK(state.health == 1 && state.size == UINT64_C(64) << 30 && state.free < state.size && state.free > 0);
        CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetProperties(clock, &domain));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetState(clock, &frequency));
        CHECK(domain.type == 0 && domain.subdeviceId == tile && domain.max == 1600 - 100 * tile);
        CHECK(frequency.actual == 1400 - 100 * tile && frequency.request == 1500 - 100 * tile && frequency.throttleReasons == 0);
    }
    double heat;
    const double expected[] = { 58, 52, 58 };
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQUAL(ZE_SUCCESS, lz->zesTemperatureGetState(lz_part(lz->zesDeviceEnumTemperatureSensors, gpus[0], i), &heat));
        CHECK(heat == expected[i]);
    }
    struct zes_power_energy_counter energy;
    struct zes_power_properties power = { .stype = STYPE_POWER };
    ze_handle card;
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetCardPowerDomain(gpus[0], &card));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(card, &energy));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetProperties(card, &power));
    CHECK(energy.energy == 5000000 && power.maxLimit == 600000 && !power.onSubdevice);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(lz_part(lz->zesDeviceEnumPowerDomains, gpus[0], 2), &energy));
    CHECK_EQUAL(5000000 / 3, energy.energy);
}

static void an_xe_node_tells_what_its_files_tell(void)
{
    const struct lz_client *lz = lz_start("node b60-4\n");
    ze_handle gpu = lz_gpu(lz, 3);
    const struct zes_device_properties properties = properties_of(lz, gpu, NULL);
    CHECK(properties.core.deviceId == 0xe211 && properties.numSubdevices == 0);
    struct zes_mem_properties module = { .stype = STYPE_MEMORY };
    CHECK_EQUAL(1, lz_count(lz->zesDeviceEnumMemoryModules, gpu));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetProperties(lz_part(lz->zesDeviceEnumMemoryModules, gpu, 0), &module));
    CHECK(module.physicalSize == UINT64_C(24) << 30 && !module.onSubdevice);
    CHECK_EQUAL(0, lz_count(lz->zesDeviceEnumFabricPorts, gpu));
    struct zes_freq_properties domain = { .stype = STYPE_FREQUENCY };
    struct zes_freq_state frequency = { .stype = STYPE_FREQUENCY_STATE };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetProperties(lz_part(lz->zesDeviceEnumFrequencyDomains, gpu, 1), &domain));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFrequencyGetState(lz_part(lz->zesDeviceEnumFrequencyDomains, gpu, 1), &frequency));
    CHECK(domain.type == 2 && frequency.actual == 1300); /* the media GT */
    const int32_t rpm[] = { 1800, 2100 };
    for (uint32_t i = 0; i < 2; i++) {
        int32_t speed;
        CHECK_EQUAL(ZE_SUCCESS, lz->zesFanGetState(lz_part(lz->zesDeviceEnumFans, gpu, i), 0, &speed));
        CHECK_EQUAL(rpm[i], speed);
    }
    int32_t speed;
    CHECK_EQUAL(ZE_INVALID_ENUMERATION, lz->zesFanGetState(lz_part(lz->zesDeviceEnumFans, gpu, 0), 2, &speed));
    struct zes_power_energy_counter energy;
    CHECK_EQUAL(2, lz_count(lz->zesDeviceEnumPowerDomains, gpu));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(lz_part(lz->zesDeviceEnumPowerDomains, gpu, 1), &energy));
    CHECK_EQUAL(2500000, energy.energy); /* the package */
    struct zes_firmware_properties firmware = { .stype = STYPE_FIRMWARE };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesFirmwareGetProperties(lz_part(lz->zesDeviceEnumFirmwares, gpu, 0), &firmware));
    CHECK_TEXT("GSC", firmware.name);
}

static void a_node_may_have_several_kinds_at_given_addresses(void)
{
    const struct lz_client *lz = lz_start("node dgx-h100\nintel add max1550 0000:18:00.0\nintel add max1550 0000:19:00.0\nintel add b60 0001:1a:00.0\nat 0s intel 1 link 0 down\n");
    ze_handle gpus[LZ_MOST];
    CHECK_EQUAL(3, lz_gpus(lz, gpus));
    struct zes_pci_properties pci = { .stype = STYPE_PCI };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetProperties(gpus[2], &pci));
    CHECK(pci.address.domain == 1 && pci.address.bus == 0x1a && properties_of(lz, gpus[2], NULL).core.deviceId == 0xe211);
    const int32_t expected[] = { 3, 4, 4 }; /* the second is down; a b60 has no ports to be the other end of the next, and there is no fourth */
    for (uint32_t i = 0; i < 3; i++) {
        struct zes_fabric_port_state port = { .stype = STYPE_PORT_STATE };
        CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetState(lz_part(lz->zesDeviceEnumFabricPorts, gpus[0], i), &port));
        CHECK_EQUAL(expected[i], port.status);
    }
}

static void enumerate_so_many(const void *context)
{
    const unsigned wanted = *(const unsigned *)context;
    char text[64];
    snprintf(text, sizeof text, "node max1550-4\nintels %u\n", wanted);
    const struct lz_client *lz = lz_start(text);
    ze_handle gpus[LZ_MOST];
    CHECK_EQUAL(wanted, lz_gpus(lz, gpus));
    uint8_t uuids[LZ_MOST][16];
    for (unsigned i = 0; i < wanted; i++) {
        struct zes_pci_properties pci = { .stype = STYPE_PCI };
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetProperties(gpus[i], &pci));
        CHECK_EQUAL(0x10 + i, pci.address.bus);
        memcpy(uuids[i], properties_of(lz, gpus[i], NULL).core.uuid.id, 16);
        for (unsigned j = 0; j < i; j++) CHECK(memcmp(uuids[i], uuids[j], 16) != 0 && gpus[i] != gpus[j]);
    }
    uint32_t few = 1;
    ze_handle guarded[2] = { NULL, (ze_handle)&few };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGet(lz_driver(lz), &few, guarded));
    CHECK(few == 1 && guarded[0] == gpus[0] && guarded[1] == (ze_handle)&few); /* no more than there is room for */
}

static void no_driver_one_sixteen_and_sixty_four(void)
{
    const unsigned counts[] = { 1, 16, 64 };
    for (size_t i = 0; i < 3; i++) CHECK_EQUAL(0, ended_by(enumerate_so_many, &counts[i]));
    use_scenario("node dgx-h100\n");
    const struct lz_client *lz = lz_open(".");
    CHECK_EQUAL(ZE_UNINITIALIZED, lz->zesInit(0)); /* a node without a GPU of Intel */
    uint32_t count = 0;
    CHECK_EQUAL(ZE_UNINITIALIZED, lz->zesDriverGet(&count, NULL));
}

static void sysman_starts_the_new_way_or_the_old_one(void)
{
    uint32_t count = 1;
    ze_handle driver, core, gpu;
    struct zes_device_state state = { .stype = STYPE_DEVICE_STATE };
    int32_t version;
    const struct lz_client *lz = lz_open(".");
    CHECK_EQUAL(ZE_UNINITIALIZED, lz->zesDriverGet(&count, &driver));
    CHECK_EQUAL(ZE_UNINITIALIZED, lz->zeDriverGet(&count, &core));
    CHECK_EQUAL(ZE_INVALID_ENUMERATION, lz->zesInit(8));
    CHECK_EQUAL(ZE_SUCCESS, lz->zeInit(0)); /* the core alone */
    CHECK_EQUAL(ZE_UNINITIALIZED, lz->zesDriverGet(&count, &driver));
    CHECK_EQUAL(ZE_SUCCESS, lz->zeDriverGet(&count, &core));
    CHECK_EQUAL(ZE_SUCCESS, lz->zeDriverGetApiVersion(core, &version));
    CHECK_EQUAL(1, version >> 16);
    CHECK_EQUAL(ZE_SUCCESS, lz->zesInit(0));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesInit(0));
    count = 1;
    CHECK_EQUAL(ZE_SUCCESS, lz->zeDeviceGet(core, &count, &gpu));
    CHECK_EQUAL(ZE_NULL_HANDLE, lz->zesDeviceGetState(gpu, &state)); /* the ways do not mix */
    CHECK_EQUAL(ZE_NULL_HANDLE, lz->zesDeviceGet(core, &count, &gpu));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetState(lz_gpu(lz, 0), &state));
    CHECK_EQUAL(1, lz->aiinfraSimulator());
}

static void the_old_build_starts_the_old_way(void)
{
    setenv("ZES_ENABLE_SYSMAN", "1", 1);
    const struct lz_client *lz = lz_open("old");
    uint32_t count = 1;
    ze_handle driver, gpu;
    double heat;
    CHECK(lz->zesInit == NULL && lz->zesDriverGet == NULL && lz->zesPowerGetLimitsExt == NULL && lz->zesDriverEventListenEx == NULL && lz->zesRasGetStateExp == NULL);
    CHECK(lz->zesDriverEventListen != NULL && lz->zesRasGetState != NULL);
    CHECK_EQUAL(ZE_SUCCESS, lz->zeInit(0));
    CHECK_EQUAL(ZE_SUCCESS, lz->zeDriverGet(&count, &driver));
    CHECK_EQUAL(ZE_SUCCESS, lz->zeDeviceGet(driver, &count, &gpu));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesTemperatureGetState(lz_part(lz->zesDeviceEnumTemperatureSensors, gpu, 1), &heat));
    CHECK(heat == 52);
}

static void the_builds_differ(const void *build)
{
    const struct lz_client *lz = lz_open(build);
    if (strcmp(build, "broken") == 0) {
        CHECK_EQUAL(ZE_UNINITIALIZED, lz->zesInit(0));
        return;
    }
    CHECK_EQUAL(ZE_SUCCESS, lz->zesInit(0));
    ze_handle gpu = lz_gpu(lz, 0);
    if (strcmp(build, "partial") == 0) {
        CHECK(lz->zesTemperatureGetState == NULL && lz->zesMemoryGetState == NULL && lz->zesDeviceGetState == NULL && lz->zesMemoryGetProperties != NULL);
        return;
    }
    struct zes_device_properties properties = { .stype = STYPE_DEVICE };
    struct zes_pci_properties pci = { .stype = STYPE_PCI };
    uint32_t count = 0;
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetProperties(gpu, &properties));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetProperties(gpu, &pci));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceEnumMemoryModules(gpu, &count, NULL));
    CHECK(properties.core.vendorId == 0 && pci.address.bus == 0 && count == 0); /* success that fills nothing */
}

static void builds_differ(void)
{
    static const char *const builds[] = { "broken", "partial", "empty" };
    for (size_t i = 0; i < 3; i++) CHECK_EQUAL(0, ended_by(the_builds_differ, builds[i]));
}

static void wrong_arguments_are_refused_by_every_function(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\nintel add b60 0000:20:00.0\n");
    typedef ze_result any_call(void *, void *, void *);
    any_call *call;
    const ze_handle handles[] = {
        lz_gpu(lz, 0), lz_part(lz->zesDeviceEnumMemoryModules, lz_gpu(lz, 0), 0), lz_part(lz->zesDeviceEnumEngineGroups, lz_gpu(lz, 0), 0),
        lz_part(lz->zesDeviceEnumTemperatureSensors, lz_gpu(lz, 0), 0), lz_part(lz->zesDeviceEnumFrequencyDomains, lz_gpu(lz, 0), 0),
        lz_part(lz->zesDeviceEnumPowerDomains, lz_gpu(lz, 0), 0), lz_part(lz->zesDeviceEnumRasErrorSets, lz_gpu(lz, 0), 0),
        lz_part(lz->zesDeviceEnumFabricPorts, lz_gpu(lz, 0), 0), lz_part(lz->zesDeviceEnumFans, lz_gpu(lz, 4), 0), lz_part(lz->zesDeviceEnumFirmwares, lz_gpu(lz, 0), 0),
    };
    enum { KINDS = sizeof handles / sizeof handles[0] };
    /* No handle; a wild one; no pointer with the handle of each kind: one of them is the function's own. */
#define REFUSES(name, parameters) { \
        unsigned pointers = 0; \
        memcpy(&call, &lz->name, sizeof call); \
        if (call(NULL, NULL, NULL) != ZE_NULL_HANDLE || call((void *)0x1234, NULL, NULL) != ZE_NULL_HANDLE) check_failed(__FILE__, __LINE__, #name " takes any handle"); \
        for (size_t i = 0; i < KINDS; i++) { \
            const ze_result result = call(handles[i], NULL, NULL); \
            pointers += result == ZE_NULL_POINTER; \
            if (result != ZE_NULL_POINTER && result != ZE_NULL_HANDLE) check_failed(__FILE__, __LINE__, #name " answers %#x", result); \
        } \
        if (pointers != 1) check_failed(__FILE__, __LINE__, #name " is of %u kinds", pointers); \
    }
    LZ_FUNCTIONS(REFUSES)
#undef REFUSES
    struct zes_mem_state state = { .stype = STYPE_MEMORY };
    CHECK_EQUAL(ZE_INVALID_ARGUMENT, lz->zesMemoryGetState(handles[1], &state)); /* the type of another struct */
    CHECK_EQUAL(ZE_INVALID_ENUMERATION, lz->zesRasClearStateExp(handles[6], 13));
    CHECK_EQUAL(ZE_INVALID_ENUMERATION, lz->zesDeviceEventRegister(handles[0], 0x10000));
    CHECK_EQUAL(ZE_INVALID_ENUMERATION, lz->zesDeviceResetExt(handles[0], &(struct zes_reset_properties){ .stype = STYPE_RESET, .resetType = 3 }));
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetLimits(handles[5], NULL, NULL, NULL));
}

static void counters_grow_with_the_work(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\nintel 1 utilization 50\nintel 2 utilization 0\nintel 1 memory 65536\nintel 1 power 400\n");
    for (uint32_t i = 0; i < 3; i++) {
        ze_handle gpu = lz_gpu(lz, i), engine = lz_part(lz->zesDeviceEnumEngineGroups, gpu, 5), memory = lz_part(lz->zesDeviceEnumMemoryModules, gpu, 1), card;
        struct zes_engine_properties group = { .stype = STYPE_ENGINE };
        struct zes_engine_stats first, last;
        struct zes_pci_stats pci, pci_last;
        struct zes_mem_bandwidth moved, moved_last;
        struct zes_mem_state state = { .stype = STYPE_MEMORY_STATE };
        struct zes_power_energy_counter energy, energy_last;
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDeviceGetCardPowerDomain(gpu, &card));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesEngineGetProperties(engine, &group));
        CHECK(group.type == 1 && group.onSubdevice && group.subdeviceId == 1);
        CHECK_EQUAL(ZE_SUCCESS, lz->zesEngineGetActivity(engine, &first));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetStats(gpu, &pci));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetBandwidth(memory, &moved));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(card, &energy));
        usleep(20000);
        CHECK_EQUAL(ZE_SUCCESS, lz->zesEngineGetActivity(engine, &last));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesDevicePciGetStats(gpu, &pci_last));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetBandwidth(memory, &moved_last));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetEnergyCounter(card, &energy_last));
        CHECK_EQUAL(ZE_SUCCESS, lz->zesMemoryGetState(memory, &state));
        const double ratio = (double)(last.activeTime - first.activeTime) / (double)(last.timestamp - first.timestamp);
        const double watts = (double)(energy_last.energy - energy.energy) / (double)(energy_last.timestamp - energy.timestamp);
        CHECK(i == 0 ? ratio > 0.2 && ratio < 0.95 : i == 1 ? ratio > 0.499 && ratio < 0.501 : ratio == 0);
        CHECK(i == 1 ? watts > 399 && watts < 401 : watts == 0);
        CHECK((pci_last.rxCounter > pci.rxCounter) == (i < 2) && (moved_last.readCounter > moved.readCounter) == (i < 2) && moved.maxBandwidth > 0);
        if (i == 1) CHECK_EQUAL(UINT64_C(32) << 30, state.free);
    }
    uint32_t count = 1;
    struct zes_power_limit_ext_desc limit = { .stype = STYPE_POWER_LIMIT };
    CHECK_EQUAL(ZE_SUCCESS, lz->zesPowerGetLimitsExt(lz_part(lz->zesDeviceEnumPowerDomains, lz_gpu(lz, 0), 0), &count, &limit));
    CHECK(count == 1 && limit.level == 1 && limit.limit == 600000 && limit.enabled);
}

static void xe_links_name_their_other_end(void)
{
    const struct lz_client *lz = lz_start("node max1550-4\n");
    struct zes_fabric_port_id ids[4][3], remote[4][3];
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t j = 0; j < 3; j++) {
            ze_handle port = lz_part(lz->zesDeviceEnumFabricPorts, lz_gpu(lz, i), j);
            struct zes_fabric_port_properties properties = { .stype = STYPE_PORT };
            struct zes_fabric_port_state state = { .stype = STYPE_PORT_STATE };
            CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetProperties(port, &properties));
            CHECK_EQUAL(ZE_SUCCESS, lz->zesFabricPortGetState(port, &state));
            CHECK(state.status == 1 && state.rxSpeed.bitRate > 0 && state.qualityIssues == 0 && state.failureReasons == 0);
            ids[i][j] = properties.portId;
            remote[i][j] = state.remotePortId;
        }
    for (uint32_t i = 0; i < 12; i++) {
        unsigned ends = 0;
        for (uint32_t j = 0; j < 12; j++)
            if (memcmp(&ids[j / 3][j % 3], &remote[i / 3][i % 3], 9) == 0) {
                CHECK(j / 3 != i / 3 && memcmp(&remote[j / 3][j % 3], &ids[i / 3][i % 3], 9) == 0); /* and back */
                ends++;
            }
        CHECK_EQUAL(1, ends);
    }
}

static void every_wrong_line_about_an_intel_gpu_is_explained(void)
{
    static const struct { const char *line, *what; } wrong[] = {
        { "at 1s intel 4 lost", "'4' is no Intel GPU of max1550-4; its Intel GPUs are 0 to 3" },
        { "at 1s intel 0 error nonsense 3", "'nonsense' is no file of error_counter; right would be fatal_guc" },
        { "at 1s intel 0 ras correctable nonsense 3", "'nonsense' is no category of errors; right would be reset" },
        { "at 1s intel 0 ras correctable cache 0", "'0' is no COUNT" },
        { "at 1s intel 0 link 3 down", "'3' is no L; it is a number from 0 to 2" },
        { "at 1s intel 0 throttle 0x400", "'0x400' is no 0xBITS" },
        { "at 1s intel 0 xid 3", "unknown or misplaced 'xid'" },
        { "intel 0 wedged", "intel N with name TEXT" },
        { "intel 0 link 0 down", "needs a time" },
        { "intel add a770 0000:18:00.0", "'a770' is no Intel GPU; there are max1550 and b60" },
        { "intel add b60 0000:18:00.1", "'0000:18:00.1' is no PCI address" },
        { "intel add b60 0000:18:00.0x", "is no PCI address" },
        { "intel add b60 0000:13:00.0", "'0000:13:00.0' has an Intel GPU already" },
        { "intels 65", "'65' is no count" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static char output[8192];
        char text[256];
        snprintf(text, sizeof text, "node max1550-4\n%s\n", wrong[i].line);
        const char *words[] = { "aiinfra-simnode", "check", "--scenario", use_scenario(text), NULL };
        CHECK_EQUAL(65, run_program(output, sizeof output, "", words));
        CHECK_HAS(wrong[i].what, output);
    }
}

const struct test levelzero_tests[] = {
    { "an i915 node tells what its files tell", an_i915_node_tells_what_its_files_tell },
    { "an xe node tells what its files tell", an_xe_node_tells_what_its_files_tell },
    { "a node may have several kinds of Intel GPUs at given addresses", a_node_may_have_several_kinds_at_given_addresses },
    { "no driver, one, sixteen and sixty-four Intel GPUs", no_driver_one_sixteen_and_sixty_four },
    { "Sysman starts the new way or the old one, and they do not mix", sysman_starts_the_new_way_or_the_old_one },
    { "the old build of Level Zero starts the old way", the_old_build_starts_the_old_way },
    { "builds of Level Zero differ", builds_differ },
    { "wrong arguments are refused by every function of Sysman", wrong_arguments_are_refused_by_every_function },
    { "counters of an Intel GPU grow with the work", counters_grow_with_the_work },
    { "Xe links name their other end", xe_links_name_their_other_end },
    { "every wrong line about an Intel GPU is explained", every_wrong_line_about_an_intel_gpu_is_explained },
};
const size_t levelzero_test_count = sizeof levelzero_tests / sizeof levelzero_tests[0];
