/* What the commands do to a unit: an NPU, an MLU or an Intel GPU. */
#include "scenario_apply.h"

#include <string.h>

enum { CARD_LOST = 0x40f84e00 }; /* Ascend's fault code of a card that dropped */

bool unit_present(const struct unit_state *unit) { return !unit->removed && !unit->unbound; }

bool unit_ready(const struct unit_state *unit, int64_t now) { return now >= unit->ready_at && !unit->lost; }

unsigned unit_parts(const struct unit_state *unit)
{
    unsigned count = 0;
    for (unsigned i = 0; i < UNIT_PARTS; i++) count += unit->part[i].used;
    return count;
}

unsigned unit_processes(const struct unit_state *unit)
{
    unsigned count = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) count += sim_process_runs(&unit->process[i]);
    return count;
}

unsigned unit_severity(const struct unit_state *unit)
{
    unsigned worst = 0;
    for (unsigned i = 0; i < unit->faults; i++)
        if (unit->fault[i].severity > worst) worst = unit->fault[i].severity;
    return worst;
}

void unit_make_healthy(const struct unit_override *override, const struct unit_model *model, struct unit_state *unit, int64_t at)
{
    /* Totals and what was taken out of use are kept in the board's flash. */
    struct unit_state kept = *unit;
    *unit = (struct unit_state){
        .temperature = override->temperature, .power = override->power, .utilization = override->utilization, .memory_mb = override->memory_mb,
        .clock = SIM_UNSET, .health = SIM_UNSET, .device_state = SIM_UNSET, .driver_state = SIM_UNSET,
        .ecc_total = { kept.ecc_total[0], kept.ecc_total[1] }, .isolated = { kept.isolated[0], kept.isolated[1] },
        .ready_at = at, .heart_stopped_at = INT64_MAX, .energy_at = at, .counting_since = at, .resets = kept.resets,
    };
    for (unsigned link = 0; link < model->links; link++) unit->link_since[link] = at;
    intel_make_healthy(&unit->intel, at);
}

/* The energy up to now is settled before the power changes. */
static void settle_energy(const struct unit_model *model, unsigned index, struct unit_state *unit, int64_t at)
{
    unit->energy_mj = unit_energy_mj(model, index, unit, at);
    unit->energy_at = at;
}

static void settle_link(const struct unit_model *model, struct unit_state *unit, unsigned link, int64_t at)
{
    unit->link_bytes[link] = unit_link_bytes(model, unit, link, at);
    unit->link_since[link] = at;
}

/* A fault that is there already is no event; it may get worse. */
static void raise_fault(struct sim_entry *entry, struct unit_state *unit, uint32_t code, unsigned severity)
{
    for (unsigned i = 0; i < unit->faults; i++)
        if (unit->fault[i].code == code) {
            if (severity > unit->fault[i].severity) unit->fault[i].severity = (uint8_t)severity;
            return;
        }
    if (unit->faults == UNIT_FAULTS) return;
    unit->fault[unit->faults++] = (struct unit_fault){ code, (uint8_t)severity, entry->at };
    entry->unit_events |= EVENT_RAISED;
    entry->fault = code;
    entry->severity = (int)severity;
}

static void clear_fault(struct sim_entry *entry, struct unit_state *unit, uint32_t code)
{
    unsigned i = 0;
    while (i < unit->faults && unit->fault[i].code != code) i++;
    if (i == unit->faults) return;
    entry->severity = unit->fault[i].severity;
    entry->unit_events |= EVENT_CLEARED;
    entry->fault = code;
    memmove(&unit->fault[i], &unit->fault[i + 1], (--unit->faults - i) * sizeof unit->fault[0]);
}

/* All units of the group go through it: they share what is reset. A processor that hangs does not take a reset either. */
static void reset(const struct unit_model *model, struct unit_state *unit, int64_t at, int64_t latency)
{
    if (unit->reset_fails) return;
    unit->lost = false;
    unit->faults = 0;
    memset(unit->incidents, 0, sizeof unit->incidents);
    unit->health = unit->device_state = unit->driver_state = SIM_UNSET;
    unit->ecc_now[0] = unit->ecc_now[1] = 0;
    unit->remap_pending = unit->retire_pending = false;
    unit->throttle = unit->links_down = 0;
    unit->heart_stopped_at = INT64_MAX;
    memset(unit->process, 0, sizeof unit->process);
    memset(unit->part, 0, sizeof unit->part);
    memset(unit->link_bytes, 0, sizeof unit->link_bytes);
    memset(unit->link_errors, 0, sizeof unit->link_errors);
    for (unsigned link = 0; link < model->links; link++) unit->link_since[link] = at;
    unit->energy_mj = 0;
    unit->energy_at = unit->counting_since = at;
    unit->ready_at = at + latency;
    unit->resets++;
}

static void add_process(const struct sim_entry *entry, struct unit_state *unit)
{
    const struct sim_action *action = &entry->action;
    struct sim_process process = { .pid = (unsigned)action->more[1], .memory = (uint64_t)action->value << 20,
                                   .gi = UINT32_MAX, .ci = UINT32_MAX, .since = entry->at, .until = INT64_MAX };
    size_t place = SIM_MAX_PROCESSES;
    for (size_t i = SIM_MAX_PROCESSES; i-- > 0;)
        if (!sim_process_runs(&unit->process[i])) place = i;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) /* the same again is a change of it */
        if (unit->process[i].pid == process.pid) place = i;
    if (place < SIM_MAX_PROCESSES) unit->process[place] = process;
}

bool unit_part_fits(const struct unit_model *model, const struct unit_state *unit, const struct unit_part *part, unsigned *start)
{
    uint64_t memory = part->memory_mb;
    unsigned cores = part->profile != NULL ? part->profile->cores : 0, quota = part->quota, slices = 0;
    for (unsigned i = 0; i < UNIT_PARTS; i++) {
        const struct unit_part *other = &unit->part[i];
        if (!other->used) continue;
        memory += other->memory_mb;
        quota += other->quota;
        cores += other->profile != NULL ? other->profile->cores : 0;
        if (other->profile != NULL) slices |= ((1u << other->profile->slices) - 1) << other->start;
    }
    if (memory > model->memory_mb || cores > model->cores || quota > 100 || unit_parts(unit) == UNIT_PARTS) return false;
    *start = 0;
    if (part->profile == NULL || part->profile->slices == 0) return true;
    for (; *start < part->profile->first_end; ++*start)
        if ((slices & ((1u << part->profile->slices) - 1) << *start) == 0) return true;
    return false;
}

static void add_part(const struct unit_model *model, struct unit_state *unit, struct unit_part part)
{
    if (!unit_part_fits(model, unit, &part, &part.start)) return;
    unsigned id = 0;
    while (unit->part[id].used) id++;
    part.used = true;
    unit->part[id] = part;
}

/* What moves by itself, and what a person set. */
static bool apply_reading(const struct unit_model *model, const struct sim_entry *entry, struct unit_state *unit)
{
    const struct sim_action *action = &entry->action;
    const int value = (int)action->value;
    switch (action->kind) {
    case SIM_TEMPERATURE: unit->temperature = value; return true;
    case SIM_POWER: settle_energy(model, action->device, unit, entry->at); unit->power = value; return true;
    case SIM_UTILIZATION: settle_energy(model, action->device, unit, entry->at); unit->utilization = value; return true;
    case UNIT_MEMORY: unit->memory_mb = value; return true;
    case SIM_CLOCK: unit->clock = value; return true;
    case UNIT_HEALTH: unit->health = value; return true;
    case UNIT_DEVICE_STATE: unit->device_state = value; return true;
    case UNIT_DRIVER_STATE: unit->driver_state = value; return true;
    case UNIT_COMPUTE_MODE: unit->compute_mode = (unsigned)value; return true;
    case UNIT_NETWORK: unit->network_health = (unsigned)value; return true;
    case UNIT_ROCE: unit->roce_down = value != 0; return true;
    case UNIT_OUTBAND: unit->no_outband = value != 0; return true;
    case UNIT_RESET_WORKS: unit->reset_fails = value == 0; return true;
    case UNIT_VFS: unit->vfs = (unsigned)value; return true;
    case UNIT_HEART: unit->heart_stopped_at = value != 0 ? INT64_MAX : entry->at; return true;
    case SIM_LIES: unit->lies = value == 0 ? 0 : unit->lies | (unsigned)value; return true;
    default: return false;
    }
}

static bool apply_trouble(const struct unit_model *model, struct sim_entry *entry, struct unit_state *unit)
{
    const struct sim_action *action = &entry->action;
    const int64_t value = action->value;
    const unsigned first = (unsigned)action->more[0];
    switch (action->kind) {
    case UNIT_FAULT: raise_fault(entry, unit, (uint32_t)value, first); return true;
    case UNIT_FAULT_ONCE: entry->unit_events |= EVENT_ONCE; entry->fault = (uint32_t)value; entry->severity = 1; return true;
    case UNIT_FAULT_CLEARED: clear_fault(entry, unit, (uint32_t)value); return true;
    case SIM_XID: entry->unit_events |= EVENT_XID; return true;
    case SIM_LOST:
        unit->lost = true;
        if (action->target == TARGET_NPU) raise_fault(entry, unit, CARD_LOST, 3);
        return true;
    case SIM_HANG: unit->hung = true; return true;
    case SIM_UNHANG: unit->hung = false; return true;
    case SIM_ECC_CORRECTED: case SIM_ECC_UNCORRECTED:
        unit->ecc_now[action->kind == SIM_ECC_UNCORRECTED] += (uint64_t)value;
        unit->ecc_total[action->kind == SIM_ECC_UNCORRECTED] += (uint64_t)value;
        return true;
    case UNIT_ISOLATED: unit->isolated[first] = (uint64_t)value; return true;
    case SIM_REMAP_PENDING: unit->remap_pending = true; return true;
    case SIM_REMAP_FAILED: unit->remap_failed = true; return true;
    case UNIT_RETIRE_PENDING: unit->retire_pending = true; return true;
    case UNIT_INCIDENT:
        unit->incidents[0] &= ~(UINT32_C(1) << action->more[1]);
        unit->incidents[1] &= ~(UINT32_C(1) << action->more[1]);
        if (first > 0) unit->incidents[first - 1] |= UINT32_C(1) << action->more[1];
        return true;
    case SIM_THROTTLE:
        unit->hot_slowdowns += (value & ~unit->throttle & 0x20) != 0; /* thermalSlowdown */
        unit->throttle = (uint32_t)value;
        return true;
    case SIM_LINK_DOWN: case SIM_LINK_UP:
        settle_link(model, unit, (unsigned)value, entry->at);
        if (action->kind == SIM_LINK_DOWN && (unit->links_down >> value & 1) == 0) unit->link_downs[value]++;
        unit->links_down = (unit->links_down & ~(UINT32_C(1) << value)) | (action->kind == SIM_LINK_DOWN ? UINT32_C(1) << value : 0);
        return true;
    case SIM_LINK_ERRORS: unit->link_errors[action->more[1]][first] += (uint32_t)value; return true;
    case SIM_PCIE_ERRORS: unit->pcie_replays += (uint32_t)value; return true;
    default: return false;
    }
}

static bool apply_contents(const struct unit_model *model, struct sim_entry *entry, struct unit_state *unit)
{
    const struct sim_action *action = &entry->action;
    switch (action->kind) {
    case SIM_PROCESS: add_process(entry, unit); return true;
    case SIM_PROCESS_ENDS:
        for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
            if (unit->process[i].pid == (unsigned)action->value) unit->process[i].pid = 0;
        return true;
    case UNIT_MODE: {
        bool *mode = action->value >= 2 ? &unit->smlu : &unit->mim;
        *mode = action->value % 2 != 0;
        memset(unit->part, 0, sizeof unit->part);
        break;
    }
    case UNIT_PART: {
        const struct unit_profile *profile = &model->profiles[action->value];
        if (action->target == TARGET_NPU || unit->mim) add_part(model, unit, (struct unit_part){ .profile = profile, .memory_mb = profile->memory_mb });
        break;
    }
    case UNIT_SHARE:
        if (unit->smlu) add_part(model, unit, (struct unit_part){ .quota = (unsigned)action->more[1], .memory_mb = (uint64_t)action->value });
        break;
    case UNIT_PART_ENDS: unit->part[action->value].used = false; break;
    default: return false;
    }
    entry->unit_events |= EVENT_FILES;
    return true;
}

static void apply(const struct scenario *scenario, unsigned vendor, const struct unit_model *model, struct sim_entry *entry, struct unit_state *units)
{
    const unsigned index = entry->action.device;
    struct unit_state *unit = &units[index];
    const bool present = unit_present(unit);
    entry->unit_events = entry->action.kind == UNIT_ROCE ? EVENT_FILES : 0;
    entry->severity = 0;
    if (vendor == UNIT_INTEL && intel_apply(entry, unit)) return;
    if (apply_reading(model, entry, unit) || apply_trouble(model, entry, unit) || apply_contents(model, entry, unit)) return;
    entry->unit_events |= EVENT_FILES;
    switch (entry->action.kind) {
    case SIM_REMOVE: unit->removed = true; break;
    case SIM_UNBIND: unit->unbound = true; break;
    case SIM_BIND: unit->unbound = false; break;
    case SIM_ADD:
        if (unit->removed) unit_make_healthy(&scenario->unit[vendor][index], model, unit, entry->at); /* another board, or this one anew */
        break;
    case SIM_RESET:
        for (unsigned i = index / model->reset_group * model->reset_group; i < (index / model->reset_group + 1) * model->reset_group; i++)
            if (i < scenario->units[vendor]) reset(model, &units[i], entry->at, scenario->reset_latency);
        if (vendor == UNIT_INTEL && !unit->reset_fails) intel_reset(unit, entry->at);
        break;
    default: break;
    }
    if (unit_present(unit) != present) entry->unit_events |= present ? EVENT_GONE : EVENT_BACK;
}

void unit_apply(const struct scenario *scenario, struct sim_entry *entry, struct unit_state *units)
{
    const unsigned vendor = entry->action.target - TARGET_NPU;
    const struct unit_model *model = scenario_unit_model(scenario, vendor, entry->action.device);
    const struct unit_state before = units[entry->action.device];
    apply(scenario, vendor, model, entry, units);
    entry->events = vendor == UNIT_INTEL ? intel_events(model, &before, &units[entry->action.device]) : 0;
}
