/* What only Intel's GPUs have: reasons for a reset, memory health, RAS counters, and the events that Sysman tells of. */
#include "scenario_apply.h"

#include <string.h>

/* zes_event_type_flag_t */
enum {
    DETACHED = 1, ATTACHED = 2, THROTTLED = 0x10, CRITICAL_HEAT = 0x40, MEMORY_HEALTH = 0x200, FABRIC_PORT = 0x400, PCI_LINK = 0x800,
    RAS_CORRECTABLE = 0x1000, RAS_UNCORRECTABLE = 0x2000, RESET_REQUIRED = 0x4000, SURVIVABILITY = 0x8000,
};
enum { HEALTH_OK = 1, LINK_GOOD = 1 };

/* The energy that the files of a new node show, and that of a GPU after its reset. */
static const uint64_t first_energy_uj = 5000000, reset_energy_uj = 1000;

void intel_make_healthy(struct intel_state *intel, int64_t at)
{
    *intel = (struct intel_state){ .memory_health = HEALTH_OK, .pci_status = LINK_GOOD, .energy_uj = first_energy_uj, .busy_at = at };
}

/* What is wrong with memory and firmware outlives it. */
void intel_reset(struct unit_state *unit, int64_t at)
{
    const struct intel_state kept = unit->intel;
    intel_make_healthy(&unit->intel, at);
    unit->intel.memory_health = kept.memory_health;
    unit->intel.survivability = kept.survivability;
    unit->intel.energy_uj = reset_energy_uj;
    unit->temperature = SIM_UNSET;
}

/* Bits are settled before they change: the time with any of them counts. */
static void throttle(struct unit_state *unit, uint32_t bits, int64_t at)
{
    unit->intel.throttled_ns = intel_throttled_ns(unit, at);
    unit->intel.throttle_since = at;
    unit->throttle = bits;
}

bool intel_apply(const struct sim_entry *entry, struct unit_state *unit)
{
    const struct sim_action *action = &entry->action;
    struct intel_state *intel = &unit->intel;
    const unsigned first = (unsigned)action->more[0], second = (unsigned)action->more[1];
    switch (action->kind) {
    case SIM_POWER:
        intel->energy_uj = intel_energy_uj(unit, entry->at);
        unit->energy_at = entry->at;
        unit->power = (int)action->value;
        return true;
    case SIM_UTILIZATION:
        intel->busy_s = intel_busy_s(action->device, unit, entry->at);
        intel->busy_at = entry->at;
        unit->utilization = (int)action->value;
        return true;
    case SIM_THROTTLE: throttle(unit, (uint32_t)action->value, entry->at); return true;
    case INTEL_THROTTLE_ONE: throttle(unit, action->value != 0 ? unit->throttle | first : unit->throttle & ~first, entry->at); return true;
    case INTEL_WORK: intel->energy_uj += (uint64_t)action->more[1] * 1000000; return true;
    case INTEL_WEDGED: intel->wedged = true; return true;
    case INTEL_REPAIR: intel->repair = true; return true;
    case INTEL_SURVIVABILITY: intel->survivability = action->value != 0; return true;
    case INTEL_MEMORY_HEALTH: intel->memory_health = (unsigned)action->value; return true;
    case INTEL_PCI_STATUS: intel->pci_status = (unsigned)action->value; return true;
    case INTEL_LINK_DEGRADED: intel->links_degraded |= UINT32_C(1) << action->value; return true;
    case INTEL_RAS: intel->ras[first][second] += (uint64_t)action->value; return true;
    case INTEL_RAS_CLEARED: intel->ras[first][second] = 0; return true;
    case SIM_LINK_UP: intel->links_degraded &= ~(UINT32_C(1) << action->value); return false; /* the rest is that of every link */
    default: return false;
    }
}

static bool grew(const uint64_t before[INTEL_RAS_CATEGORIES], const uint64_t after[INTEL_RAS_CATEGORIES])
{
    for (unsigned i = 0; i < INTEL_RAS_CATEGORIES; i++)
        if (after[i] > before[i]) return true;
    return false;
}

uint32_t intel_events(const struct unit_model *model, const struct unit_state *before, const struct unit_state *after)
{
    const struct intel_state *old = &before->intel, *new = &after->intel;
    const int critical = (int)model->shutdown_c;
    if (unit_present(before) != unit_present(after)) return unit_present(after) ? ATTACHED : DETACHED;
    const struct { bool is; uint32_t bit; } found[] = {
        { (after->throttle & ~before->throttle) != 0, THROTTLED },
        { after->temperature >= critical && before->temperature < critical, CRITICAL_HEAT },
        { new->memory_health != old->memory_health, MEMORY_HEALTH },
        { after->links_down != before->links_down || new->links_degraded != old->links_degraded, FABRIC_PORT },
        { new->pci_status != old->pci_status, PCI_LINK },
        { grew(old->ras[0], new->ras[0]), RAS_CORRECTABLE },
        { grew(old->ras[1], new->ras[1]), RAS_UNCORRECTABLE },
        { (new->wedged && !old->wedged) || (new->repair && !old->repair) || (after->lost && !before->lost), RESET_REQUIRED },
        { new->survivability && !old->survivability, SURVIVABILITY },
    };
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++) bits |= found[i].is ? found[i].bit : 0;
    return bits;
}

/* By zes_ras_error_category_exp_t. */
static const char *const categories[INTEL_RAS_CATEGORIES] = {
    "reset", "programming", "driver", "compute", "non-compute", "cache", "display", "memory", "scale", "l3-fabric", "pcie", "fabric", "soc",
};

const char *intel_category_name(unsigned category) { return categories[category]; }

bool intel_category_find(const char *name, unsigned *category)
{
    for (*category = 0; *category < INTEL_RAS_CATEGORIES; ++*category)
        if (strcmp(categories[*category], name) == 0) return true;
    return false;
}

/* The files that the generated tree of an i915 has, and what Sysman counts them as. */
bool intel_error_find(const char *file, unsigned *type, unsigned *category)
{
    static const struct { const char *file; unsigned type, category; } files[] = {
        { "fatal_guc", 1, 3 }, { "sgunit_fatal", 1, 4 }, { "sgunit_nonfatal", 1, 4 }, { "correctable_l3_sng", 0, 5 }, { "driver_ggtt", 1, 2 }, { "engine_reset", 1, 0 },
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        if (strcmp(files[i].file, file) == 0) return *type = files[i].type, *category = files[i].category, true;
    return false;
}
