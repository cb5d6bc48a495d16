/* What a node is like at a moment: a pure function of scenario and time. */
#ifndef AIINFRA_SCENARIO_STATE_H
#define AIINFRA_SCENARIO_STATE_H

#include "scenario.h"

struct gpu_state {
    bool lost, lost_for_good;         /* the second: by Xid 79, ends with a boot only */
    bool hung;
    uint64_t ecc_volatile[2], ecc_aggregate[2]; /* by nvmlMemoryErrorType_t: 0 corrected, 1 uncorrected */
    unsigned remap_correctable, remap_uncorrectable;
    bool remap_pending, remap_failed;
    uint64_t throttle, links_down;    /* bits */
    int temperature, power, utilization; /* pinned, or SIM_UNSET: they move */
    unsigned recovery;                /* NVML_FI_DEV_GET_GPU_RECOVERY_ACTION */
    double energy_mj;                 /* up to energy_at */
    int64_t energy_at, counting_since;
};

struct sim_state {
    struct gpu_state gpu[SIM_MAX_GPUS];
    size_t applied;       /* entries of the scenario that are in here */
    unsigned boots;
    int64_t last_segv;    /* INT64_MIN: none since the boot */
    bool segv_always, wait_fails;
};

void sim_state_start(const struct scenario *scenario, struct sim_state *state);
/* Applies what is due. now never goes back between two calls. */
void sim_state_advance(const struct scenario *scenario, struct sim_state *state, int64_t now);

/* Readings: they swing slowly and deterministically with time unless the scenario pins them. */
int sim_temperature(const struct node_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);
unsigned sim_power_mw(const struct node_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);
unsigned sim_utilization(unsigned gpu, const struct gpu_state *state, int64_t now);
/* mJ since the last reset or boot; at time zero a node has some days behind it. */
double sim_energy_mj(const struct node_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);

#endif
