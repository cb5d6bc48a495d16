#include "scenario_apply.h"

enum { DRIVER_UNBIND = 1, DRIVER_BIND = 2 }; /* nvmlSystemEventTypeGpuDriverUnbind and Bind */

static void reset(const struct gpu_model *model, struct gpu_state *gpu, int64_t at)
{
    if (gpu->lost_for_good) return; /* no reset reaches a GPU that is off the bus */
    gpu->lost = gpu->needs_reset = false; /* a hang stays: who hangs does not take a reset either */
    gpu->recovery = 0;
    gpu->ecc_volatile[0] = gpu->ecc_volatile[1] = gpu->sram_volatile = 0;
    gpu->remap_pending = false;
    gpu->repair = 0;
    gpu->mig.enabled = gpu->mig.pending && model->architecture == ARCHITECTURE_AMPERE;
    gpu->mig.pending = gpu->mig.enabled;
    mig_clear(&gpu->mig);
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) gpu->process[i].pid = 0; /* a reset needs a GPU without clients */
    gpu->energy_mj = 0;
    gpu->energy_at = gpu->counting_since = at;
}

bool gpu_apply_presence(const struct gpu_override *override, const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu)
{
    bool present = sim_present(gpu);
    switch (entry->action.kind) {
    case SIM_RESET: reset(model, gpu, entry->at); return true;
    case SIM_DRAIN: gpu->drained = entry->action.value != 0; return true;
    case SIM_REMOVE: gpu->removed = true; break;
    case SIM_UNBIND: gpu->unbound = true; break;
    case SIM_BIND: gpu->unbound = false; break;
    case SIM_ADD:
        if (gpu->removed) gpu_make_healthy(override, model, gpu, entry->at); /* another board, or this one anew */
        break;
    default: return false;
    }
    if (sim_present(gpu) != present) entry->system_events = present ? DRIVER_UNBIND : DRIVER_BIND;
    return true;
}
