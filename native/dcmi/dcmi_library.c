#define _GNU_SOURCE
#include "dcmi_library.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { DCMI_PERMISSION = -8002 };

const char library_default_scenario[] = "node ascend910b-8\n";

const struct unit_group *dcmi_group(void) { return &library.scenario->model->units[UNIT_NPU]; }

unsigned dcmi_units(void) { return library.scenario->units[UNIT_NPU]; }

struct unit_state *dcmi_unit(unsigned unit) { return &library.state.unit[UNIT_NPU][unit]; }

unsigned dcmi_logic_id(unsigned unit)
{
    unsigned logic = 0;
    for (unsigned i = 0; i < unit; i++) logic += unit_present(dcmi_unit(i));
    return logic;
}

bool dcmi_card_first(int card, unsigned *unit)
{
    const struct unit_group *group = dcmi_group();
    if (group->model == NULL || card < (int)group->first_card || (card - (int)group->first_card) % (int)group->card_step != 0) return false;
    *unit = (unsigned)(card - (int)group->first_card) / group->card_step * group->model->chips_per_card;
    return *unit < dcmi_units();
}

/* With the lock held. */
static int find(struct npu_id id, unsigned *unit)
{
    if (id.card == BY_LOGIC_ID) {
        for (*unit = 0; *unit < dcmi_units(); ++*unit)
            if (unit_present(dcmi_unit(*unit)) && dcmi_logic_id(*unit) == (unsigned)id.device) return DCMI_OK;
        return DCMI_INVALID_DEVICE;
    }
    if (!dcmi_card_first(id.card, unit) || id.device < 0) return DCMI_INVALID_DEVICE;
    const unsigned chips = dcmi_group()->model->chips_per_card;
    /* The management processor and the CPU of a card come after its chips; only few calls know them. */
    if ((unsigned)id.device >= chips) return (unsigned)id.device < chips + 2 ? DCMI_NOT_SUPPORTED : DCMI_INVALID_DEVICE;
    *unit += (unsigned)id.device;
    if (*unit >= dcmi_units()) return DCMI_INVALID_DEVICE;
    return unit_present(dcmi_unit(*unit)) ? DCMI_OK : DCMI_NO_DEVICE;
}

static void fill_view(unsigned unit, struct npu_view *npu)
{
    const struct unit_override *override = &library.scenario->unit[UNIT_NPU][unit];
    *npu = (struct npu_view){ .slot = unit, .logic = dcmi_logic_id(unit), .node = library.scenario->model, .group = dcmi_group(),
                              .model = dcmi_group()->model, .state = *dcmi_unit(unit), .units = dcmi_units(), .now = library.now,
                              .reset_latency = library.scenario->reset_latency };
    npu->numa = override->numa_set ? override->numa : unit_place(npu->group, unit).numa;
    snprintf(npu->name, sizeof npu->name, "%s", *override->name != '\0' ? override->name : npu->model->name);
}

int dcmi_enter(const char *symbol, bool arguments)
{
    if (!library_take(symbol, false)) return DCMI_NOT_SUPPORTED;
    int result = library.references == 0 ? DCMI_INTERNAL : !arguments ? DCMI_PARAMETER : DCMI_OK;
    library_unlock();
    return result;
}

static int enter(const char *symbol, struct npu_id id, bool arguments, bool asks_device, struct npu_view *npu)
{
    unsigned unit;
    if (!library_take(symbol, false)) return DCMI_NOT_SUPPORTED;
    int result = library.references == 0 ? DCMI_INTERNAL : !arguments ? DCMI_PARAMETER : find(id, &unit);
    while (result == DCMI_OK && asks_device && dcmi_unit(unit)->hung) {
        library_look_again();
        result = find(id, &unit);
    }
    if (result == DCMI_OK && asks_device && !unit_ready(dcmi_unit(unit), library.now)) result = DCMI_NOT_READY;
    if (result == DCMI_OK) {
        fill_view(unit, npu);
        if (asks_device && (dcmi_build.empty || lies(npu, LIES_EMPTY))) result = EMPTY_ANSWER;
    }
    library_unlock();
    return result;
}

int dcmi_enter_npu(const char *symbol, struct npu_id id, bool arguments, struct npu_view *npu)
{
    return enter(symbol, id, arguments, true, npu);
}

int dcmi_enter_host(const char *symbol, struct npu_id id, bool arguments, struct npu_view *npu)
{
    return enter(symbol, id, arguments, false, npu);
}

int dcmi_command(unsigned unit, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool injected = library_inject_about("npu", unit, format, arguments);
    va_end(arguments);
    return injected ? DCMI_OK : DCMI_PERMISSION;
}

int dcmi_put_text(char *out, int size, const char *text)
{
    if (size <= 0) return DCMI_PARAMETER;
    snprintf(out, (size_t)size, "%s", text);
    return DCMI_OK;
}
