/* The nodes that can be simulated: what does not change while a node runs. */
#ifndef AIINFRA_NODE_MODEL_H
#define AIINFRA_NODE_MODEL_H

#include "mig_profiles.h"
#include "unit_model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_MAX_GPUS = 16, SIM_MAX_LINKS = 18 };

struct gpu_place {
    unsigned bus; /* device 0, function 0 */
    int numa;
    unsigned socket, domain;
};

/* A board: what all GPUs of one kind have in common. */
struct gpu_model {
    const char *gpu_name, *vbios, *part_number, *inforom;
    uint32_t pci_device, pci_subsystem; /* device id in the upper half, vendor id in the lower */
    int compute_major, compute_minor;
    unsigned architecture;              /* nvmlDeviceArchitecture_t */
    unsigned pcie_generation;
    bool sxm;                           /* sits in a numbered slot of a baseboard */

    uint64_t memory_bytes, reserved_bytes, bar1_bytes;
    bool hbm;                           /* has a memory temperature sensor */
    const struct mig_profile *mig;      /* NULL: cannot be divided */

    unsigned clock_graphics, clock_memory, clock_video; /* MHz, highest */
    unsigned power_idle, power_min, power_limit;        /* W */
    unsigned shutdown_c, slowdown_c, memory_max_c, gpu_max_c;

    unsigned links, link_version, link_mbps; /* links 0: no NVLink; version as in nvmlDeviceGetNvLinkVersion */
    unsigned c2c_links;                 /* to a CPU of the same package */
    bool fabric;                        /* registers with a fabric manager */
};

enum { ARCHITECTURE_AMPERE = 7, ARCHITECTURE_ADA = 8, ARCHITECTURE_HOPPER = 9, ARCHITECTURE_BLACKWELL = 10 };

struct node_model {
    const char *name, *summary;
    unsigned gpus;
    struct gpu_place place[SIM_MAX_GPUS];
    const struct gpu_model *gpu[SIM_MAX_GPUS];
    uint64_t serial_base;
    unsigned numa_nodes, cpus_per_numa, sockets;
    unsigned first_gpu_numa;            /* the NUMA node that GPU 0's memory is; 0: a GPU is none */
    unsigned switches;                  /* NVSwitches the links go to, evenly; 0 with links: they are elsewhere in the rack */
    unsigned switch_bus[8];
    uint32_t switch_device;
    unsigned same_numa_level;           /* nvmlGpuTopologyLevel_t of two GPUs on one NUMA node */
    struct unit_group units[UNIT_VENDORS]; /* model NULL: none. Intel's are alike and on neighbouring buses; a scenario may add others */
    unsigned clique;                    /* of the rack's NVLink domain; 0: the node is a domain of its own */
};

/* The boards, for node_model.c. */
extern const struct gpu_model board_h100_sxm, board_h100_pcie, board_a100_sxm, board_l4, board_b200, board_gb200;

const struct node_model *node_model_find(const char *name);
/* NULL past the last; 0 is the model of a scenario that names none. */
const struct node_model *node_model_at(size_t index);

/* Identity is a pure function of model and index, so that every run and every process agrees. */
void node_model_uuid(const struct node_model *model, unsigned gpu, char out[41]);
void node_model_serial(const struct node_model *model, unsigned gpu, char out[30]);
void node_model_mig_uuid(const struct node_model *model, unsigned gpu, unsigned gi, unsigned ci, char out[41]);
/* dddd:bb:00.0, as the kernel names a device. */
void node_model_address(const struct gpu_place *place, char out[16]);

/* FNV-1a, continued from seed: spreads identities and event keys. */
uint64_t sim_hash(uint64_t seed, const void *data, size_t size);

#endif
