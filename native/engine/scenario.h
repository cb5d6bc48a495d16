/* A scenario: a node, what differs from its model, and a timeline of faults. */
#ifndef AIINFRA_SCENARIO_H
#define AIINFRA_SCENARIO_H

#include "node_model.h"
#include "sim_text.h"
#include "unit_state.h"

enum { SIM_MAX_WITHOUT = 64, SIM_MAX_ENTRIES = 10000 };

enum sim_kind {
    SIM_XID, SIM_LOST, SIM_HANG, SIM_UNHANG, SIM_ECC_CORRECTED, SIM_ECC_UNCORRECTED,
    SIM_REMAP_PENDING, SIM_REMAP_FAILED, SIM_REMAP_UNCORRECTABLE, SIM_REMAP_CORRECTABLE,
    SIM_THROTTLE, SIM_TEMPERATURE, SIM_POWER, SIM_UTILIZATION, SIM_LINK_DOWN, SIM_LINK_UP, SIM_RESET,
    SIM_ECC_SRAM, SIM_ECC_SRAM_THRESHOLD, SIM_REPAIR, SIM_UNREPAIRABLE, SIM_INFOROM, SIM_RECOVERY, SIM_UNAVAILABLE,
    SIM_LINK_ERRORS, SIM_PCIE_ERRORS, SIM_FABRIC, SIM_FABRIC_HEALTH, SIM_PSTATE, SIM_CLOCK, SIM_EVENT, SIM_LIES,
    SIM_PROCESS, SIM_MIG_PROCESS, SIM_PROCESS_ENDS, SIM_VGPU,
    SIM_MIG, SIM_MIG_MODE, SIM_MIG_GI_CREATE, SIM_MIG_GI_DESTROY, SIM_MIG_CI_CREATE, SIM_MIG_CI_DESTROY, SIM_MIG_XID, SIM_MIG_CI_XID,
    SIM_REMOVE, SIM_ADD, SIM_UNBIND, SIM_BIND, SIM_DRAIN,
    /* Of NPUs and MLUs alone; what they share with GPUs has the kinds above. */
    UNIT_FAULT, UNIT_FAULT_ONCE, UNIT_FAULT_CLEARED, UNIT_HEALTH, UNIT_ISOLATED, UNIT_ROCE, UNIT_NETWORK, UNIT_OUTBAND, UNIT_RESET_WORKS,
    UNIT_DEVICE_STATE, UNIT_DRIVER_STATE, UNIT_INCIDENT, UNIT_HEART, UNIT_COMPUTE_MODE, UNIT_RETIRE_PENDING, UNIT_VFS, UNIT_MEMORY,
    UNIT_MODE, UNIT_PART, UNIT_SHARE, UNIT_PART_ENDS,
    INTEL_WORK, INTEL_THROTTLE_ONE, INTEL_WEDGED, INTEL_REPAIR, INTEL_SURVIVABILITY, INTEL_MEMORY_HEALTH, INTEL_PCI_STATUS, INTEL_LINK_DEGRADED,
    INTEL_RAS, INTEL_RAS_CLEARED,
    SIM_SEGV, SIM_SEGV_ALWAYS, SIM_BOOT, SIM_WAIT_FAILS, SIM_WAIT_WORKS, SIM_DRIVER_VERSION, SIM_CONFIDENTIAL,
};

/* What SIM_LIES sets, as bits. */
enum { LIES_ENUM = 1, LIES_ABSURD = 2, LIES_UUID = 4, LIES_SIZE = 8, LIES_EMPTY = 16 };

/* What a command is about. */
enum sim_target { TARGET_NODE, TARGET_GPU, TARGET_NPU, TARGET_MLU, TARGET_INTEL };

struct sim_action {
    enum sim_target target;
    enum sim_kind kind;
    unsigned device; /* its number; 0 for a command of the node */
    int64_t value;   /* the last number of the command, or what its words mean: as the kind says */
    int64_t more[4]; /* what the words mean, then the numbers before the last */
    struct mig_layout layout;
    char text[40];   /* a driver's version */
};

/* What an entry about a unit raises, as bits. */
enum unit_event { EVENT_RAISED = 1, EVENT_CLEARED = 2, EVENT_ONCE = 4, EVENT_XID = 8, EVENT_FILES = 16, EVENT_GONE = 32, EVENT_BACK = 64 };

struct sim_entry {
    int64_t at; /* ns after the epoch */
    struct sim_action action;
    uint64_t key; /* the same for the same entry in every reading of the file */
    unsigned line;
    char text[96]; /* the command, one blank between words */

    /* Known once the state has come past the entry; every reader finds the same. */
    uint32_t events;        /* bits of nvmlEventData_t.eventType that it raises; of an Intel GPU those of zes_event_type_flags_t */
    uint32_t system_events; /* the same of nvmlSystemEventData_v1_t */
    uint32_t gi, ci;        /* the MIG instances it concerns; UINT32_MAX: none */
    int recovery_before;    /* the recovery action, and whether it was changed, see events */
    uint32_t unit_events;   /* see enum unit_event */
    uint32_t fault;         /* the code that was raised or cleared */
    int severity;           /* and how bad it is: 1 minor, 2 major, 3 critical */
};

/* What a scenario says about one GPU beside the timeline; SIM_UNSET where it says nothing. */
struct gpu_override {
    int temperature, power, utilization, numa;
    bool numa_set; /* -1 is a NUMA node too: none */
    char name[96]; /* NVML_DEVICE_NAME_V2_BUFFER_SIZE; empty: the model's */
};

struct unit_override {
    int temperature, power, utilization, memory_mb, numa;
    bool numa_set;
    char name[32];
};

struct intel_board {
    const struct unit_model *model;
    struct unit_place place;
};

struct scenario {
    const struct node_model *model;
    struct gpu_override gpu[SIM_MAX_GPUS];
    struct unit_override unit[UNIT_VENDORS][SIM_MAX_UNITS];
    unsigned units[UNIT_VENDORS]; /* how many there are */
    struct intel_board intel[SIM_MAX_UNITS]; /* Intel's GPUs: a node may have several kinds */
    char driver_version[80];  /* empty: the library's */
    int64_t init_latency;     /* ns */
    int64_t reset_latency;    /* ns until an NPU or MLU is ready after its reset */
    char without[SIM_MAX_WITHOUT][80];
    size_t without_count;
    struct sim_entry *entries; /* by time, then by line */
    size_t entry_count;
};

typedef void sim_report(void *context, unsigned line, const char *what);

/* Reads a scenario text. Lines that are wrong are reported and left out; the result is always usable. */
struct scenario *scenario_parse(const char *text, size_t size, sim_report *report, void *context);
void scenario_free(struct scenario *scenario);

/* Reads the words from..end as a timeline command for a node of this scenario. */
bool sim_parse_command(const struct scenario *scenario, const struct sim_words *words, size_t from,
                       struct sim_action *action, char error[SIM_MAX_ERROR]);

/* The board of a unit: all of a group are alike, Intel's each its own. */
const struct unit_model *scenario_unit_model(const struct scenario *scenario, unsigned vendor, unsigned unit);

/* Intel: a RAS category by its name; what a file in error_counter counts. */
const char *intel_category_name(unsigned category);
bool intel_category_find(const char *name, unsigned *category);
bool intel_error_find(const char *file, unsigned *type, unsigned *category);

/* The names of Cambricon's incidents, by cndevHealthError_t; NULL and false: there is none. */
const char *unit_incident_name(unsigned code);
bool unit_incident_find(const char *name, unsigned *code);

#endif
