/* A GPU as a whole: identity, state, processes, ECC, firmware, reset. */
#define _GNU_SOURCE
#include "levelzero_library.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TYPE_GPU = 1, FLAG_ECC = 4 };

/* What follows in the chain of a struct: a type and the next. */
struct extension {
    int32_t stype;
    void *next;
};

static void fill_extensions(const struct lz_view *gpu, void *chain)
{
    for (struct extension *one = chain; one != NULL; one = one->next) {
        if (one->stype != STYPE_DEVICE_EXT) continue;
        struct zes_device_ext_properties *ext = (void *)one;
        lz_uuid(gpu, ext->uuid.id);
        ext->type = lies(gpu, LIES_ENUM) ? 99 : TYPE_GPU;
        ext->flags = FLAG_ECC;
    }
}

#define TEXT(field, ...) snprintf((field), sizeof(field), __VA_ARGS__)

EXPORT ze_result zesDeviceGetProperties(ze_handle device, struct zes_device_properties *properties)
{
    struct lz_view gpu;
    char version[80];
    ENTER(device, LZ_DEVICE, properties, STYPE_DEVICE, LZ_CACHED, &gpu);
    pthread_mutex_lock(&library.lock);
    TEXT(version, "%s", *library.state.driver_version != '\0' ? library.state.driver_version : gpu.model->xe ? "0123456789ABCDEF" : "backported to 5.15");
    library_unlock();
    void *const chain = properties->pNext;
    *properties = (struct zes_device_properties){
        .stype = STYPE_DEVICE, .pNext = chain, .numSubdevices = gpu.model->tiles > 1 ? gpu.model->tiles : 0,
        .core = { .stype = STYPE_CORE_PROPERTIES, .type = lies(&gpu, LIES_ENUM) ? 99 : TYPE_GPU, .vendorId = gpu.model->pci_device & 0xffff,
                  .deviceId = gpu.model->pci_device >> 16, .flags = FLAG_ECC, .coreClockRate = 1600,
                  .maxMemAllocSize = gpu.model->memory_mb / gpu.model->tiles << 20, .maxHardwareContexts = 65536, .numThreadsPerEU = 8,
                  .physicalEUSimdWidth = 16, .numEUsPerSubslice = 8, .numSubslicesPerSlice = gpu.model->cores / 8 / gpu.model->tiles, .numSlices = 1,
                  .timerResolution = 80, .timestampValidBits = 32, .kernelTimestampValidBits = 32 },
    };
    lz_uuid(&gpu, properties->core.uuid.id);
    TEXT(properties->core.name, "%s", gpu.name);
    TEXT(properties->serialNumber, "LZ%02X%02X%08X", gpu.place.domain & 0xff, gpu.place.bus & 0xff, gpu.model->pci_device);
    TEXT(properties->boardNumber, "%s", gpu.model->part_number);
    TEXT(properties->brandName, "unknown");
    TEXT(properties->modelName, "%s", gpu.name);
    TEXT(properties->vendorName, "Intel(R) Corporation");
    TEXT(properties->driverVersion, "%.63s", version);
    if (lies(&gpu, LIES_ABSURD)) properties->numSubdevices = 4000000000u;
    fill_extensions(&gpu, chain);
    return ZE_SUCCESS;
}

EXPORT ze_result zesDeviceGetSubDevicePropertiesExp(ze_handle device, uint32_t *count, struct zes_subdevice_exp_properties *rows)
{
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, count, 0, LZ_CACHED, &gpu);
    const uint32_t room = lz_rows(count, gpu.model->tiles > 1 ? gpu.model->tiles : 0, rows);
    for (uint32_t i = 0; i < room; i++) {
        rows[i].subdeviceId = i;
        lz_uuid(&gpu, rows[i].uuid.id);
        rows[i].uuid.id[15] ^= (uint8_t)(i + 1);
    }
    return ZE_SUCCESS;
}

EXPORT ze_result zesDeviceGetState(ze_handle device, struct zes_device_state *state)
{
    enum { WEDGED = 1, REPAIR = 2, NOT_PERFORMED = 1 };
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, state, STYPE_DEVICE_STATE, LZ_STATE, &gpu);
    state->reset = (gpu.state.intel.wedged ? WEDGED : 0) | (gpu.state.intel.repair ? REPAIR : 0);
    state->repaired = gpu.model->hbm ? NOT_PERFORMED : 0;
    if (lies(&gpu, LIES_ENUM)) state->repaired = 77;
    return ZE_SUCCESS;
}

EXPORT ze_result zesDeviceProcessesGetState(ze_handle device, uint32_t *count, struct zes_process_state *rows)
{
    enum { COMPUTE = 2 };
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, count, 0, LZ_TELEMETRY, &gpu);
    const uint32_t room = lz_rows(count, unit_processes(&gpu.state), rows);
    for (uint32_t i = 0, given = 0; given < room; i++) {
        const struct sim_process *process = &gpu.state.process[i];
        if (!sim_process_runs(process)) continue;
        struct zes_process_state *row = &rows[given++];
        row->processId = process->pid;
        row->memSize = lies(&gpu, LIES_ABSURD) ? UINT64_MAX : process->memory;
        row->sharedSize = 0;
        row->engines = COMPUTE;
    }
    return ZE_SUCCESS;
}

static ze_result give_flag(const char *symbol, ze_handle device, uint8_t *flag, uint8_t value)
{
    struct lz_view gpu;
    ze_result result = lz_enter(symbol, device, LZ_DEVICE, flag, 0, LZ_CACHED, &gpu);
    if (result == ZE_SUCCESS) *flag = value;
    return result == LZ_EMPTY ? ZE_SUCCESS : result;
}

EXPORT ze_result zesDeviceEccAvailable(ze_handle device, uint8_t *available) { return give_flag(__func__, device, available, 1); }
EXPORT ze_result zesDeviceEccConfigurable(ze_handle device, uint8_t *configurable) { return give_flag(__func__, device, configurable, 0); }

EXPORT ze_result zesDeviceGetEccState(ze_handle device, struct zes_device_ecc_properties *state)
{
    enum { ENABLED = 1 };
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, state, STYPE_ECC, LZ_TELEMETRY, &gpu);
    state->currentState = state->pendingState = lies(&gpu, LIES_ENUM) ? 66 : ENABLED;
    state->pendingAction = 0;
    return ZE_SUCCESS;
}

/* Told in survivability mode too: it is what the mode is for. */
EXPORT ze_result zesFirmwareGetProperties(ze_handle firmware, struct zes_firmware_properties *properties)
{
    static const char *const names[] = { "GSC", "OptionROM" }, *const versions[] = { "102.0.10.1878", "0x4000001" };
    struct lz_view gpu;
    ENTER(firmware, LZ_FIRMWARE, properties, STYPE_FIRMWARE, LZ_STATE, &gpu);
    properties->onSubdevice = 0;
    properties->subdeviceId = 0;
    properties->canControl = 1;
    TEXT(properties->name, "%s", names[gpu.index]);
    TEXT(properties->version, "%s", versions[gpu.index]);
    return ZE_SUCCESS;
}

/* Returns when the GPU is ready again. A GPU that hangs or is lost takes it; one that somebody uses only by force. */
static ze_result reset(const char *symbol, ze_handle device, const void *argument, uint32_t stype, bool force)
{
    struct lz_view gpu;
    ze_result result = lz_enter(symbol, device, LZ_DEVICE, argument, stype, LZ_CACHED, &gpu);
    if (result != ZE_SUCCESS) return result == LZ_EMPTY ? ZE_SUCCESS : result;
    if (unit_processes(&gpu.state) > 0 && !force) return ZE_IN_USE;
    if (gpu.state.reset_fails || gpu.state.hung) return ZE_UNKNOWN;
    result = lz_command(gpu.slot, "reset");
    if (result != ZE_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    const int64_t latency = library.scenario->reset_latency;
    library_unlock();
    nanosleep(&(struct timespec){ .tv_sec = latency / 1000000000, .tv_nsec = latency % 1000000000 }, NULL);
    return ZE_SUCCESS;
}

EXPORT ze_result zesDeviceReset(ze_handle device, uint8_t force) { return reset(__func__, device, "", 0, force != 0); }

EXPORT ze_result zesDeviceResetExt(ze_handle device, struct zes_reset_properties *properties)
{
    if (properties != NULL && (properties->resetType < 0 || properties->resetType > 2)) return ZE_INVALID_ENUMERATION;
    return reset(__func__, device, properties, STYPE_RESET, properties != NULL && properties->force != 0);
}
