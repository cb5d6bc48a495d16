#define _GNU_SOURCE
#include "levelzero_library.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char library_default_scenario[] = "node max1550-4\n";

/* Handles are opaque numbers: none is an address or an index, and none is of two kinds. */
enum { HANDLE_MARK = 0x5a };

ze_handle lz_handle(enum lz_kind kind, unsigned slot, unsigned index)
{
    return (ze_handle)(uintptr_t)((uint64_t)HANDLE_MARK << 24 | (uint64_t)kind << 16 | slot << 8 | index);
}

unsigned lz_units(void) { return library.scenario->units[UNIT_INTEL]; }

struct unit_state *lz_unit(unsigned slot) { return &library.state.unit[UNIT_INTEL][slot]; }

/* Parts of a tile come tile by tile. The card's own power domain and that of its package or tiles follow one another. */
enum { ENGINES_PER_TILE = 4, SENSORS_PER_TILE = 3, FIRMWARES = 2, XE_FANS = 2 };

static unsigned parts_per_tile(const struct unit_model *model, enum lz_kind kind)
{
    switch (kind) {
    case LZ_MEMORY: return 1;
    case LZ_ENGINE: return ENGINES_PER_TILE;
    case LZ_TEMPERATURE: return SENSORS_PER_TILE;
    case LZ_FREQUENCY: return 2; /* GPU and memory; under xe GPU and media */
    case LZ_RAS: return 2;
    case LZ_POWER: return model->tiles > 1;
    default: return 0;
    }
}

static unsigned parts_of_card(const struct unit_model *model, enum lz_kind kind)
{
    switch (kind) {
    case LZ_DEVICE: case LZ_CORE_DEVICE: return 1;
    case LZ_POWER: return model->xe ? 2 : 1; /* the card; under xe its package too */
    case LZ_PORT: return model->links;
    case LZ_FAN: return model->xe ? XE_FANS : 0;
    case LZ_FIRMWARE: return FIRMWARES;
    default: return 0;
    }
}

unsigned lz_parts(const struct unit_model *model, enum lz_kind kind)
{
    return parts_of_card(model, kind) + parts_per_tile(model, kind) * model->tiles;
}

void lz_place(const struct unit_model *model, enum lz_kind kind, unsigned index, bool *on_tile, unsigned *tile)
{
    const unsigned first = parts_of_card(model, kind), each = parts_per_tile(model, kind);
    *on_tile = index >= first && model->tiles > 1;
    *tile = index >= first ? (index - first) / each : 0;
}

bool lz_slot(ze_handle handle, enum lz_kind kind, unsigned *slot, unsigned *index)
{
    const uint64_t bits = (uint64_t)(uintptr_t)handle;
    if (bits >> 24 != HANDLE_MARK || (bits >> 16 & 0xff) != (uint64_t)kind) return false;
    *slot = bits >> 8 & 0xff;
    *index = bits & 0xff;
    return *slot < lz_units() && *index < lz_parts(library.scenario->intel[*slot].model, kind);
}

static void fill_view(unsigned slot, unsigned index, enum lz_kind kind, struct lz_view *gpu)
{
    const struct intel_board *board = &library.scenario->intel[slot];
    const char *name = library.scenario->unit[UNIT_INTEL][slot].name;
    *gpu = (struct lz_view){ .slot = slot, .index = index, .model = board->model, .place = board->place, .state = *lz_unit(slot), .now = library.now };
    lz_place(board->model, kind, index, &gpu->on_tile, &gpu->tile);
    snprintf(gpu->name, sizeof gpu->name, "%s", *name != '\0' ? name : board->model->name);
}

/* What of a GPU that is there stands against the call. */
static ze_result obstacle(const struct unit_state *unit, enum lz_asks asks)
{
    if (asks == LZ_CACHED) return ZE_SUCCESS;
    if (unit->lost) return ZE_DEVICE_LOST;
    if (asks == LZ_STATE) return ZE_SUCCESS;
    if (unit->intel.survivability) return ZE_SURVIVABILITY;
    if (library.now < unit->ready_at) return ZE_NOT_AVAILABLE;
    return unit->intel.wedged ? ZE_REQUIRES_RESET : ZE_SUCCESS;
}

static ze_result find(ze_handle handle, enum lz_kind kind, const void *out, unsigned *slot, unsigned *index)
{
    if (library.references == 0) return ZE_UNINITIALIZED;
    if (!lz_slot(handle, kind, slot, index)) return ZE_NULL_HANDLE;
    if (out == NULL) return ZE_NULL_POINTER;
    return unit_present(lz_unit(*slot)) ? ZE_SUCCESS : ZE_DEVICE_LOST;
}

ze_result lz_enter(const char *symbol, ze_handle handle, enum lz_kind kind, const void *out, uint32_t stype, enum lz_asks asks, struct lz_view *gpu)
{
    unsigned slot = 0, index = 0;
    if (!library_take(symbol, false)) return ZE_UNSUPPORTED_FEATURE;
    ze_result result = find(handle, kind, out, &slot, &index);
    while (result == ZE_SUCCESS && asks != LZ_CACHED && lz_unit(slot)->hung) {
        library_look_again();
        result = find(handle, kind, out, &slot, &index);
    }
    if (result == ZE_SUCCESS && stype != 0 && *(const uint32_t *)out != stype) result = ZE_INVALID_ARGUMENT;
    if (result == ZE_SUCCESS) result = obstacle(lz_unit(slot), asks);
    if (result == ZE_SUCCESS) {
        fill_view(slot, index, kind, gpu);
        if (levelzero_build.empty || lies(gpu, LIES_EMPTY)) result = LZ_EMPTY;
    }
    library_unlock();
    return result;
}

ze_result lz_enter_driver(const char *symbol, ze_handle driver, const void *out)
{
    if (!library_take(symbol, false)) return ZE_UNSUPPORTED_FEATURE;
    ze_result result = library.references == 0 ? ZE_UNINITIALIZED : driver != lz_handle(LZ_DRIVER, 0, 0) ? ZE_NULL_HANDLE
                     : out == NULL ? ZE_NULL_POINTER : ZE_SUCCESS;
    library_unlock();
    return result;
}

ze_result lz_command(unsigned slot, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool injected = library_inject_about("intel", slot, format, arguments);
    va_end(arguments);
    return injected ? ZE_SUCCESS : ZE_NO_PERMISSION;
}

uint32_t lz_rows(uint32_t *count, uint32_t there, const void *rows)
{
    const uint32_t room = rows == NULL || *count == 0 ? 0 : *count < there ? *count : there;
    *count = room == 0 ? there : room;
    return room;
}

void lz_uuid(const struct lz_view *gpu, uint8_t out[16])
{
    const unsigned bus = gpu->place.bus + lies(gpu, LIES_UUID); /* the next GPU's: the same for two */
    const unsigned where[] = { gpu->place.domain, bus };
    const uint64_t high = sim_hash(gpu->model->pci_device, where, sizeof where), low = sim_hash(high, where, sizeof where);
    memcpy(out, &high, 8);
    memcpy(out + 8, &low, 8);
}
