/* The nodes that can be simulated: what does not change while a node runs. */
#ifndef AIINFRA_NODE_MODEL_H
#define AIINFRA_NODE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_MAX_GPUS = 16 };

struct gpu_place {
    unsigned bus; /* domain 0, device 0, function 0 */
    int numa;
    unsigned socket;
};

struct node_model {
    const char *name, *summary;
    unsigned gpus;
    struct gpu_place place[SIM_MAX_GPUS];

    const char *gpu_name, *vbios, *part_number;
    uint64_t serial_base;
    uint32_t pci_device, pci_subsystem; /* device id in the upper half, vendor id in the lower */
    int compute_major, compute_minor;
    unsigned architecture;              /* nvmlDeviceArchitecture_t */
    unsigned pcie_generation;
    bool sxm;                           /* sits in a numbered slot of a baseboard */

    uint64_t memory_bytes, reserved_bytes, bar1_bytes;
    bool hbm;                           /* has a memory temperature sensor and row remapping */
    bool mig;

    unsigned clock_graphics, clock_memory, clock_video; /* MHz, highest */
    unsigned power_idle, power_limit;   /* W */
    unsigned shutdown_c, slowdown_c, memory_max_c, gpu_max_c;

    unsigned links, link_version, link_mbps; /* links 0: no NVLink; version as in nvmlDeviceGetNvLinkVersion */
    unsigned switches;                  /* NVSwitches the links go to, evenly */
    unsigned switch_bus[8];
    uint32_t switch_device;
    unsigned same_numa_level;           /* nvmlGpuTopologyLevel_t of two GPUs on one NUMA node */
};

const struct node_model *node_model_find(const char *name);
/* NULL past the last; 0 is the model of a scenario that names none. */
const struct node_model *node_model_at(size_t index);

/* Identity is a pure function of model and index, so that every run and every process agrees. */
void node_model_uuid(const struct node_model *model, unsigned gpu, char out[41]);
void node_model_serial(const struct node_model *model, unsigned gpu, char out[30]);

/* FNV-1a, continued from seed: spreads identities and event keys. */
uint64_t sim_hash(uint64_t seed, const void *data, size_t size);

#endif
