/* What an NPU, an MLU or an Intel GPU is like at a moment. */
#ifndef AIINFRA_UNIT_STATE_H
#define AIINFRA_UNIT_STATE_H

#include "unit_model.h"

#include <limits.h>

enum { SIM_UNSET = INT_MIN, SIM_MAX_PROCESSES = 16, UNIT_FAULTS = 128, UNIT_INCIDENTS = 31 };

struct sim_process {
    unsigned pid, mode; /* GPUs: 0 compute, 1 graphics, 2 MPS */
    uint64_t memory;    /* bytes */
    uint32_t gi, ci;    /* UINT32_MAX: none */
    int64_t since, until; /* until INT64_MAX: it runs */
};

struct unit_fault {
    uint32_t code;
    uint8_t severity; /* 1 minor, 2 major, 3 critical */
    int64_t since;
};

/* A vNPU, an instance of an MLU (MIM), or a share of one (sMLU: no profile of a table, quota and memory instead). */
struct unit_part {
    bool used;
    const struct unit_profile *profile;
    unsigned start, quota;
    uint64_t memory_mb;
};

enum { INTEL_RAS_CATEGORIES = 13 };

/* What only Intel's GPUs have. Energy, errors and clocks begin as the generated files of the node do. */
struct intel_state {
    bool wedged, repair, survivability; /* reasons for a reset; asks for its firmware */
    unsigned memory_health;         /* zes_mem_health_t */
    unsigned pci_status;            /* zes_pci_link_status_t */
    uint32_t links_degraded;
    uint64_t ras[2][INTEL_RAS_CATEGORIES]; /* by zes_ras_error_type_t and zes_ras_error_category_exp_t */
    uint64_t energy_uj;             /* but for that of a pinned power since energy_at of the unit */
    double busy_s;                  /* up to busy_at */
    int64_t busy_at, throttled_ns, throttle_since;
};

struct unit_state {
    bool lost, hung;
    bool removed, unbound;          /* off the bus by order, and without its driver */
    bool reset_fails, no_outband;
    int64_t ready_at;               /* a reset takes its time; before it the unit is not ready */
    int temperature, power, utilization, memory_mb, clock; /* pinned, or SIM_UNSET: they move */
    int health, device_state, driver_state; /* pinned, or SIM_UNSET: they follow from the faults */
    uint64_t ecc_now[2], ecc_total[2];  /* corrected, uncorrected: since the last reset, and ever */
    uint64_t isolated[2];               /* pages or rows taken out of use */
    bool remap_pending, remap_failed, retire_pending;
    uint32_t links_down, link_errors[UNIT_LINKS][2], link_downs[UNIT_LINKS]; /* errors: CRC, replay */
    uint64_t link_bytes[UNIT_LINKS];    /* up to link_since */
    int64_t link_since[UNIT_LINKS];
    uint32_t pcie_replays, throttle, hot_slowdowns; /* throttle: bits */
    struct unit_fault fault[UNIT_FAULTS];
    unsigned faults;
    uint32_t incidents[2];          /* MLU: bits of cndevHealthError_t that warn, and that fail */
    bool roce_down;
    unsigned network_health, compute_mode, vfs, lies;
    int64_t heart_stopped_at;       /* INT64_MAX: it beats */
    bool mim, smlu;
    struct unit_part part[UNIT_PARTS];
    struct sim_process process[SIM_MAX_PROCESSES]; /* pid 0: free */
    double energy_mj;               /* up to energy_at */
    int64_t energy_at, counting_since;
    unsigned resets;
    struct intel_state intel;
};

/* On the bus and with its driver. */
bool unit_present(const struct unit_state *unit);
bool unit_ready(const struct unit_state *unit, int64_t now);
unsigned unit_parts(const struct unit_state *unit);
unsigned unit_processes(const struct unit_state *unit);
/* Whether a part can be cut out beside those there are, and its first slice. */
bool unit_part_fits(const struct unit_model *model, const struct unit_state *unit, const struct unit_part *part, unsigned *start);
/* The worst severity of its faults: 0 none. */
unsigned unit_severity(const struct unit_state *unit);

/* Readings: they swing slowly and deterministically with time unless the scenario pins them. */
int unit_temperature(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now);
unsigned unit_power_mw(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now);
unsigned unit_utilization(unsigned unit, const struct unit_state *state, int64_t now);
unsigned unit_clock(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now);
uint64_t unit_memory_used_mb(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now);
/* mJ since the last reset or boot. */
double unit_energy_mj(const struct unit_model *model, unsigned unit, const struct unit_state *state, int64_t now);
/* Intel's GPUs: energy, and seconds of work and of throttled clocks, since the last reset or boot. */
uint64_t intel_energy_uj(const struct unit_state *state, int64_t now);
double intel_busy_s(unsigned unit, const struct unit_state *state, int64_t now);
int64_t intel_throttled_ns(const struct unit_state *state, int64_t now);
/* Bytes that went over a link, each way, since the last reset or boot. */
uint64_t unit_link_bytes(const struct unit_model *model, const struct unit_state *state, unsigned link, int64_t now);

#endif
