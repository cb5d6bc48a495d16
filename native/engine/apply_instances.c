#include "scenario_apply.h"

enum { MIG_CONFIGURED = 0x100 }; /* nvmlEventMigConfigChange */

/* Ampere takes a new mode at its next reset; later boards at once (NVML: nvmlDeviceSetMigMode). */
static void set_mode(const struct gpu_model *model, struct mig_state *mig, bool on, bool at_once)
{
    mig->pending = on;
    if (!at_once && model->architecture == ARCHITECTURE_AMPERE) return;
    if (mig->enabled != on) mig_clear(mig);
    mig->enabled = on;
}

static void add_process(struct sim_entry *entry, struct gpu_state *gpu)
{
    const struct sim_action *action = &entry->action;
    bool in_instance = action->kind == SIM_MIG_PROCESS;
    struct sim_process process = { .pid = (unsigned)action->more[1], .mode = (unsigned)action->more[0], .since = entry->at,
                                   .until = INT64_MAX, .gi = UINT32_MAX, .ci = UINT32_MAX };
    process.memory = (uint64_t)(in_instance ? action->more[2] : action->value) << 20;
    if (in_instance) process.gi = (uint32_t)action->more[3], process.ci = (uint32_t)action->value;
    size_t place = SIM_MAX_PROCESSES;
    for (size_t i = SIM_MAX_PROCESSES; i-- > 0;)
        if (!sim_process_runs(&gpu->process[i])) place = i;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++) /* the same again is a change of it */
        if (gpu->process[i].pid == process.pid) place = i, process.since = gpu->process[i].since;
    if (place < SIM_MAX_PROCESSES) gpu->process[place] = process;
}

static void end_process(struct gpu_state *gpu, unsigned pid, int64_t at)
{
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (gpu->process[i].pid == pid && sim_process_runs(&gpu->process[i])) gpu->process[i].until = at;
}

/* Whom a fault of an instance concerns: the named compute instance, or the first. */
static void attribute(struct sim_entry *entry, const struct gpu_state *gpu, unsigned gi, unsigned ci)
{
    entry->gi = gi;
    entry->ci = ci < MIG_SLICES ? ci : mig_first_compute(&gpu->mig.instance[gi]);
    if (entry->ci == MIG_SLICES) entry->ci = UINT32_MAX;
}

static void change_instances(const struct gpu_model *model, const struct sim_action *action, struct mig_state *mig)
{
    struct mig_instance *instance = &mig->instance[action->more[1] < MIG_INSTANCES ? action->more[1] : 0];
    const struct mig_profile *profile;
    switch (action->kind) {
    case SIM_MIG_GI_CREATE:
        profile = mig_profile_by_id(model->mig, (unsigned)action->more[1]);
        if (mig->enabled && profile != NULL) mig_create(mig, profile, (unsigned)action->value);
        break;
    case SIM_MIG_GI_DESTROY: mig->instance[action->value] = (struct mig_instance){ 0 }; break;
    case SIM_MIG_CI_CREATE:
        if (instance->profile != NULL) mig_compute_create(instance, mig_compute_slices((unsigned)action->more[2]), (unsigned)action->value);
        break;
    default: instance->compute[action->value] = (struct mig_compute){ 0 }; break;
    }
}

bool gpu_apply_instances(const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu)
{
    const struct sim_action *action = &entry->action;
    switch (action->kind) {
    case SIM_PROCESS: case SIM_MIG_PROCESS: add_process(entry, gpu); return true;
    case SIM_PROCESS_ENDS: end_process(gpu, (unsigned)action->value, entry->at); return true;
    case SIM_VGPU: gpu->vgpus = (unsigned)action->value; return true;
    case SIM_MIG_XID: attribute(entry, gpu, (unsigned)action->more[1], MIG_SLICES); return true;
    case SIM_MIG_CI_XID: attribute(entry, gpu, (unsigned)action->more[1], (unsigned)action->more[2]); return true;
    case SIM_MIG: mig_divide(&gpu->mig, model->mig, &action->layout); break;
    case SIM_MIG_MODE: set_mode(model, &gpu->mig, action->value % 2 != 0, action->value >= 2); break;
    case SIM_MIG_GI_CREATE: case SIM_MIG_GI_DESTROY: case SIM_MIG_CI_CREATE: case SIM_MIG_CI_DESTROY:
        change_instances(model, action, &gpu->mig);
        break;
    default: return false;
    }
    entry->events |= MIG_CONFIGURED;
    return true;
}
