#include "scenario_state.h"

#include <string.h>

/* Days that the node was up before time zero: energy counters start at a value that a later reset visibly drops. */
static const double seconds_before_epoch = 3 * 24 * 3600.0;

/* Xids after which NVIDIA's catalogue asks for a reset of the GPU; 79 asks for more and stands apart. */
static bool asks_for_reset(int64_t xid)
{
    static const int codes[] = { 46, 48, 62, 64, 74, 95, 110, 119, 120, 140, 143 };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == xid) return true;
    return false;
}

static void make_healthy(const struct gpu_override *override, struct gpu_state *gpu, int64_t at)
{
    /* What the InfoROM keeps outlives a boot: aggregate ECC counts and remapped rows. */
    struct gpu_state kept = *gpu;
    *gpu = (struct gpu_state){
        .temperature = override->temperature, .power = override->power, .utilization = override->utilization,
        .ecc_aggregate = { kept.ecc_aggregate[0], kept.ecc_aggregate[1] },
        .remap_correctable = kept.remap_correctable, .remap_uncorrectable = kept.remap_uncorrectable,
        .energy_at = at, .counting_since = at,
    };
}

void sim_state_start(const struct scenario *scenario, struct sim_state *state)
{
    memset(state, 0, sizeof *state);
    state->last_segv = INT64_MIN;
    for (unsigned i = 0; i < SIM_MAX_GPUS; i++) {
        make_healthy(&scenario->gpu[i], &state->gpu[i], 0);
        state->gpu[i].energy_mj = seconds_before_epoch * 1000 * (scenario->model->power_idle + scenario->model->power_limit) / 2;
    }
}

static void xid(struct gpu_state *gpu, int64_t code)
{
    if (code == 79) {
        gpu->lost = gpu->lost_for_good = true;
        gpu->recovery = 2; /* node reboot */
        return;
    }
    if (code == 48) {
        gpu->ecc_volatile[1]++;
        gpu->ecc_aggregate[1]++;
    }
    if (asks_for_reset(code) && gpu->recovery == 0) gpu->recovery = 1;
}

static void reset(struct gpu_state *gpu, int64_t at)
{
    if (gpu->lost_for_good) return; /* no reset reaches a GPU that is off the bus */
    gpu->lost = false; /* a hang stays: who hangs does not take a reset either */
    gpu->recovery = 0;
    gpu->ecc_volatile[0] = gpu->ecc_volatile[1] = 0;
    gpu->remap_pending = false;
    gpu->energy_mj = 0;
    gpu->energy_at = gpu->counting_since = at;
}

/* The energy up to now is settled before the power changes. */
static void settle_energy(const struct node_model *model, unsigned index, struct gpu_state *gpu, int64_t at)
{
    gpu->energy_mj = sim_energy_mj(model, index, gpu, at);
    gpu->energy_at = at;
}

static void apply_gpu(const struct node_model *model, const struct sim_entry *entry, struct gpu_state *gpu)
{
    int64_t value = entry->action.value;
    switch (entry->action.kind) {
    case SIM_XID: xid(gpu, value); break;
    case SIM_LOST: gpu->lost = true; break;
    case SIM_HANG: gpu->hung = true; break;
    case SIM_UNHANG: gpu->hung = false; break;
    case SIM_ECC_CORRECTED: gpu->ecc_volatile[0] += (uint64_t)value; gpu->ecc_aggregate[0] += (uint64_t)value; break;
    case SIM_ECC_UNCORRECTED: gpu->ecc_volatile[1] += (uint64_t)value; gpu->ecc_aggregate[1] += (uint64_t)value; break;
    case SIM_REMAP_PENDING: gpu->remap_pending = true; break;
    case SIM_REMAP_FAILED: gpu->remap_failed = true; break;
    case SIM_REMAP_UNCORRECTABLE: gpu->remap_uncorrectable = (unsigned)value; break;
    case SIM_REMAP_CORRECTABLE: gpu->remap_correctable = (unsigned)value; break;
    case SIM_THROTTLE: gpu->throttle = (uint64_t)value; break;
    case SIM_TEMPERATURE: gpu->temperature = (int)value; break;
    case SIM_POWER: settle_energy(model, entry->action.gpu, gpu, entry->at); gpu->power = (int)value; break;
    case SIM_UTILIZATION: settle_energy(model, entry->action.gpu, gpu, entry->at); gpu->utilization = (int)value; break;
    case SIM_LINK_DOWN: gpu->links_down |= UINT64_C(1) << value; break;
    case SIM_LINK_UP: gpu->links_down &= ~(UINT64_C(1) << value); break;
    case SIM_RESET: reset(gpu, entry->at); break;
    default: break;
    }
}

static void apply(const struct scenario *scenario, const struct sim_entry *entry, struct sim_state *state)
{
    switch (entry->action.kind) {
    case SIM_SEGV: state->last_segv = entry->at; break;
    case SIM_SEGV_ALWAYS: state->segv_always = true; break;
    case SIM_WAIT_FAILS: state->wait_fails = true; break;
    case SIM_WAIT_WORKS: state->wait_fails = false; break;
    case SIM_BOOT:
        state->boots++;
        state->last_segv = INT64_MIN;
        state->segv_always = state->wait_fails = false;
        for (unsigned i = 0; i < SIM_MAX_GPUS; i++) make_healthy(&scenario->gpu[i], &state->gpu[i], entry->at);
        break;
    default: apply_gpu(scenario->model, entry, &state->gpu[entry->action.gpu]); break;
    }
}

void sim_state_advance(const struct scenario *scenario, struct sim_state *state, int64_t now)
{
    while (state->applied < scenario->entry_count && scenario->entries[state->applied].at <= now)
        apply(scenario, &scenario->entries[state->applied++], state);
}
