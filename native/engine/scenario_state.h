/* What a node is like at a moment: a pure function of scenario and time. */
#ifndef AIINFRA_SCENARIO_STATE_H
#define AIINFRA_SCENARIO_STATE_H

#include "mig_state.h"
#include "scenario.h"

enum { SIM_REASONS = 9 };

struct gpu_state {
    bool lost, lost_for_good;         /* the second: by Xid 79, ends with a boot only */
    bool hung;
    bool removed, unbound;            /* off the bus by order, and without its driver */
    bool drained, needs_reset;
    uint64_t ecc_volatile[2], ecc_aggregate[2]; /* by nvmlMemoryErrorType_t: 0 corrected, 1 uncorrected */
    uint64_t sram_volatile, sram_aggregate; /* the part of the uncorrected errors that was in SRAM */
    bool sram_threshold, unrepairable, inforom_corrupted;
    unsigned repair;                  /* 0 none, 1 channel, 2 TPC pending */
    unsigned remap_correctable, remap_uncorrectable;
    bool remap_pending, remap_failed;
    uint64_t throttle, links_down;    /* bits */
    int64_t throttled[SIM_REASONS], throttle_since; /* ns by clock-event reason, up to the moment of the last change */
    uint32_t link_errors[SIM_MAX_LINKS][3]; /* replay, recovery, CRC */
    uint64_t pcie_errors[4];          /* replays, correctable, non-fatal, fatal */
    unsigned fabric, fabric_health;   /* nvmlGpuFabricState_t and its health mask */
    int temperature, power, utilization, clock; /* pinned, or SIM_UNSET: they move */
    unsigned pstate;
    unsigned recovery;                /* NVML_FI_DEV_GET_GPU_RECOVERY_ACTION */
    unsigned lies, vgpus;
    struct mig_state mig;
    struct sim_process process[SIM_MAX_PROCESSES]; /* pid 0: free */
    double energy_mj;                 /* up to energy_at */
    int64_t energy_at, counting_since;
};

struct sim_state {
    struct gpu_state gpu[SIM_MAX_GPUS];
    size_t applied;       /* entries of the scenario that are in here */
    unsigned boots;
    int64_t booted_at;
    int64_t last_segv;    /* INT64_MIN: none since the boot */
    bool segv_always, wait_fails;
    unsigned confidential; /* confidential computing: 0 off, 1 on, 2 on and open for work */
    char driver_version[80];
    int64_t driver_changed_at; /* INT64_MIN: never */
    struct unit_state unit[UNIT_VENDORS][SIM_MAX_UNITS]; /* last, and touched only as far as there are units: it is large */
};

void sim_state_start(const struct scenario *scenario, struct sim_state *state);
/* Applies what is due. now never goes back between two calls. What an entry raises is written into the entry. */
void sim_state_advance(const struct scenario *scenario, struct sim_state *state, int64_t now);
/* Applies one entry, the next. */
void sim_state_step(const struct scenario *scenario, struct sim_state *state);

/* The GPU is on the bus and its driver is bound to it: NVML counts it. */
bool sim_present(const struct gpu_state *gpu);
/* Runs work at this moment. */
bool sim_process_runs(const struct sim_process *process);
unsigned sim_process_count(const struct gpu_state *gpu);
/* ns that a clock-event reason, by the number of its bit, was on. */
int64_t sim_throttled(const struct gpu_state *gpu, unsigned reason, int64_t now);

/* -1 to 1, of another phase for each device; and its integral over a time, in seconds. */
double sim_wave(unsigned device, double period, int64_t now);
double sim_wave_integral(unsigned device, double period, int64_t from, int64_t to);
/* Power in W as a mean and a swing, which a pinned reading has none of; usual: how much of the range between idle and limit a device uses on average. */
struct sim_curve { double mean, swing; };
struct sim_curve sim_power_curve(unsigned idle, unsigned limit, int pinned, int utilization, double usual);
unsigned sim_curve_mw(struct sim_curve curve, unsigned device, double period, int64_t now);
/* What it adds up to between two moments. */
double sim_curve_mj(struct sim_curve curve, unsigned device, double period, int64_t from, int64_t to);

/* Readings: they swing slowly and deterministically with time unless the scenario pins them. */
int sim_temperature(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);
unsigned sim_power_mw(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);
unsigned sim_utilization(unsigned gpu, const struct gpu_state *state, int64_t now);
/* mJ since the last reset or boot; at time zero a node has some days behind it. */
double sim_energy_mj(const struct gpu_model *model, unsigned gpu, const struct gpu_state *state, int64_t now);

#endif
