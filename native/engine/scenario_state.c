#include "scenario_apply.h"

#include <stdio.h>
#include <string.h>

/* Days that the node was up before time zero: energy counters start at a value that a later reset visibly drops. */
static const double seconds_before_epoch = 3 * 24 * 3600.0;

/* A fabric that works: no degraded bandwidth, no route recovery, no unhealthy route, no timeout, no wrong configuration. */
static const unsigned fabric_well = 2 | 2 << 2 | 2 << 4 | 2 << 6 | 1 << 8;

void gpu_make_healthy(const struct gpu_override *override, const struct gpu_model *model, struct gpu_state *gpu, int64_t at)
{
    /* What the InfoROM keeps outlives a boot: aggregate ECC counts, remapped rows, and on Ampere the MIG mode. */
    struct gpu_state kept = *gpu;
    bool keeps_mode = model->architecture == ARCHITECTURE_AMPERE && kept.mig.pending;
    *gpu = (struct gpu_state){
        .temperature = override->temperature, .power = override->power, .utilization = override->utilization, .clock = SIM_UNSET,
        .ecc_aggregate = { kept.ecc_aggregate[0], kept.ecc_aggregate[1] }, .sram_aggregate = kept.sram_aggregate,
        .sram_threshold = kept.sram_threshold, .unrepairable = kept.unrepairable, .inforom_corrupted = kept.inforom_corrupted,
        .remap_correctable = kept.remap_correctable, .remap_uncorrectable = kept.remap_uncorrectable,
        .mig = { .enabled = keeps_mode, .pending = keeps_mode },
        .fabric = model->fabric ? 3 : 0, .fabric_health = model->fabric ? fabric_well : 0,
        .energy_at = at, .counting_since = at, .throttle_since = at,
    };
}

static void start_units(const struct scenario *scenario, struct sim_state *state, int64_t at)
{
    for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++)
        for (unsigned i = 0; i < scenario->units[vendor]; i++)
            unit_make_healthy(&scenario->unit[vendor][i], scenario_unit_model(scenario, vendor, i), &state->unit[vendor][i], at);
}

void sim_state_start(const struct scenario *scenario, struct sim_state *state)
{
    memset(state, 0, offsetof(struct sim_state, unit));
    for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++) memset(state->unit[vendor], 0, scenario->units[vendor] * sizeof state->unit[vendor][0]);
    state->last_segv = state->driver_changed_at = INT64_MIN;
    snprintf(state->driver_version, sizeof state->driver_version, "%s", scenario->driver_version);
    for (unsigned i = 0; i < scenario->model->gpus; i++) {
        const struct gpu_model *model = scenario->model->gpu[i];
        gpu_make_healthy(&scenario->gpu[i], model, &state->gpu[i], 0);
        state->gpu[i].energy_mj = seconds_before_epoch * 1000 * (model->power_idle + model->power_limit) / 2;
    }
    start_units(scenario, state, 0);
    for (unsigned vendor = 0; vendor < UNIT_VENDORS; vendor++)
        for (unsigned i = 0; i < scenario->units[vendor]; i++) {
            const struct unit_model *model = scenario_unit_model(scenario, vendor, i);
            state->unit[vendor][i].energy_mj = seconds_before_epoch * 1000 * (model->power_idle + model->power_limit) / 2;
        }
}

static void boot(const struct scenario *scenario, struct sim_state *state, int64_t at)
{
    state->boots++;
    state->booted_at = at;
    state->last_segv = INT64_MIN;
    state->segv_always = state->wait_fails = false;
    for (unsigned i = 0; i < scenario->model->gpus; i++)
        gpu_make_healthy(&scenario->gpu[i], scenario->model->gpu[i], &state->gpu[i], at);
    start_units(scenario, state, at);
}

static void apply_gpu(const struct scenario *scenario, struct sim_entry *entry, struct sim_state *state)
{
    unsigned gpu = entry->action.device;
    struct gpu_state *one = &state->gpu[gpu];
    const unsigned recovery = one->recovery;
    entry->gi = entry->ci = UINT32_MAX;
    entry->events = entry->system_events = 0;
    if (!gpu_apply_fault(scenario->model->gpu[gpu], entry, one) && !gpu_apply_instances(scenario->model->gpu[gpu], entry, one))
        gpu_apply_presence(&scenario->gpu[gpu], scenario->model->gpu[gpu], entry, one);
    entry->recovery_before = (int)recovery;
    if (one->recovery != recovery) entry->events |= 0x8000;
}

static void apply(const struct scenario *scenario, struct sim_entry *entry, struct sim_state *state)
{
    if (entry->action.target >= TARGET_NPU) {
        unit_apply(scenario, entry, state->unit[entry->action.target - TARGET_NPU]);
        return;
    }
    switch (entry->action.kind) {
    case SIM_SEGV: state->last_segv = entry->at; break;
    case SIM_SEGV_ALWAYS: state->segv_always = true; break;
    case SIM_WAIT_FAILS: state->wait_fails = true; break;
    case SIM_WAIT_WORKS: state->wait_fails = false; break;
    case SIM_CONFIDENTIAL: state->confidential = (unsigned)entry->action.value; break;
    case SIM_BOOT: boot(scenario, state, entry->at); break;
    case SIM_DRIVER_VERSION:
        snprintf(state->driver_version, sizeof state->driver_version, "%s", entry->action.text);
        state->driver_changed_at = entry->at;
        break;
    default: apply_gpu(scenario, entry, state); break;
    }
}

void sim_state_step(const struct scenario *scenario, struct sim_state *state)
{
    apply(scenario, &scenario->entries[state->applied++], state);
}

void sim_state_advance(const struct scenario *scenario, struct sim_state *state, int64_t now)
{
    while (state->applied < scenario->entry_count && scenario->entries[state->applied].at <= now) sim_state_step(scenario, state);
}

bool sim_present(const struct gpu_state *gpu) { return !gpu->removed && !gpu->unbound; }

bool sim_process_runs(const struct sim_process *process) { return process->pid != 0 && process->until == INT64_MAX; }

unsigned sim_process_count(const struct gpu_state *gpu)
{
    unsigned count = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) count += sim_process_runs(&gpu->process[i]);
    return count;
}

int64_t sim_throttled(const struct gpu_state *gpu, unsigned reason, int64_t now)
{
    return gpu->throttled[reason] + ((gpu->throttle >> reason & 1) != 0 ? now - gpu->throttle_since : 0);
}
