#define _GNU_SOURCE
#include "cndev_library.h"

#include <stdarg.h>
#include <stdio.h>

const char library_default_scenario[] = "node mlu370-8\n";

/* A handle is not an index: who mixes them up finds out here. */
enum { FIRST_HANDLE = 0x40 };

cndevDevice_t cndev_handle(unsigned slot) { return FIRST_HANDLE + (cndevDevice_t)slot; }

const struct unit_group *cndev_group(void) { return &library.scenario->model->units[UNIT_MLU]; }

unsigned cndev_units(void) { return library.scenario->units[UNIT_MLU]; }

struct unit_state *cndev_unit(unsigned slot) { return &library.state.unit[UNIT_MLU][slot]; }

bool cndev_slot(cndevDevice_t device, unsigned *slot)
{
    *slot = (unsigned)(device - FIRST_HANDLE);
    return device >= FIRST_HANDLE && *slot < cndev_units() && unit_present(cndev_unit(*slot));
}

static void fill_view(unsigned slot, struct mlu_view *mlu)
{
    const struct unit_override *override = &library.scenario->unit[UNIT_MLU][slot];
    *mlu = (struct mlu_view){ .slot = slot, .node = library.scenario->model, .group = cndev_group(), .model = cndev_group()->model,
                              .state = *cndev_unit(slot), .units = cndev_units(), .now = library.now };
    mlu->numa = override->numa_set ? override->numa : unit_place(mlu->group, slot).numa;
    snprintf(mlu->name, sizeof mlu->name, "%s", *override->name != '\0' ? override->name : mlu->model->name);
}

cndevRet_t cndev_enter(const char *symbol, bool arguments)
{
    if (!library_take(symbol, false)) return CNDEV_ERROR_NOT_SUPPORTED;
    cndevRet_t result = library.references == 0 ? CNDEV_ERROR_UNINITIALIZED : !arguments ? CNDEV_ERROR_INVALID_ARGUMENT : CNDEV_SUCCESS;
    library_unlock();
    return result;
}

static cndevRet_t find(cndevDevice_t device, unsigned *slot)
{
    if (library.references == 0) return CNDEV_ERROR_UNINITIALIZED;
    return cndev_slot(device, slot) ? CNDEV_SUCCESS : CNDEV_ERROR_INVALID_DEVICE_ID;
}

static cndevRet_t enter(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, bool asks_card, struct mlu_view *mlu)
{
    unsigned slot = 0;
    if (!library_take(symbol, false)) return CNDEV_ERROR_NOT_SUPPORTED;
    cndevRet_t result = library.references > 0 && !arguments ? CNDEV_ERROR_INVALID_ARGUMENT : find(device, &slot);
    if (result == CNDEV_SUCCESS && version != NULL && (*version != cndev_build.structs || (cndev_unit(slot)->lies & LIES_SIZE) != 0))
        result = CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    while (result == CNDEV_SUCCESS && asks_card && cndev_unit(slot)->hung) {
        library_look_again();
        result = find(device, &slot);
    }
    if (result == CNDEV_SUCCESS && asks_card && !unit_ready(cndev_unit(slot), library.now)) result = CNDEV_ERROR_IN_PROBLEM;
    if (result == CNDEV_SUCCESS) {
        fill_view(slot, mlu);
        if (asks_card && (cndev_build.empty || lies(mlu, LIES_EMPTY))) result = EMPTY;
    }
    library_unlock();
    return result;
}

cndevRet_t cndev_enter_mlu(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, struct mlu_view *mlu)
{
    return enter(symbol, device, arguments, version, true, mlu);
}

cndevRet_t cndev_enter_host(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, struct mlu_view *mlu)
{
    return enter(symbol, device, arguments, version, false, mlu);
}

cndevRet_t cndev_command(unsigned slot, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool injected = library_inject_about("mlu", slot, format, arguments);
    va_end(arguments);
    return injected ? CNDEV_SUCCESS : CNDEV_ERROR_NO_PERMISSION;
}
