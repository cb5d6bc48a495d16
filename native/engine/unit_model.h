/* Devices of other vendors than NVIDIA: Ascend's NPUs, Cambricon's MLUs, Intel's GPUs. A unit is what the host numbers: /dev/davinciN,
   /dev/cambricon_devN; Intel's GPUs are numbered by their PCI addresses. */
#ifndef AIINFRA_UNIT_MODEL_H
#define AIINFRA_UNIT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum unit_vendor { UNIT_NPU, UNIT_MLU, UNIT_INTEL, UNIT_VENDORS };
enum { SIM_MAX_UNITS = 64, UNIT_LINKS = 8, UNIT_PARTS = 16 };

/* How a part of a unit is cut out of it. Ascend calls it a template, Cambricon a profile. */
struct unit_profile {
    const char *name;               /* NULL ends a table */
    unsigned id;
    unsigned cores, cpus, codecs;
    unsigned slices, first_end;     /* of the unit's six slices; starts are below first_end. Ascend: 0, only cores count */
    uint64_t memory_mb;
};

struct unit_model {
    const char *name;               /* as the library names it */
    const char *family, *product, *part_number;
    uint32_t pci_device, pci_subsystem; /* device id in the upper half, vendor id in the lower */
    unsigned pcie_generation;
    uint64_t memory_mb;
    bool hbm;
    unsigned cores, cpus, codecs;
    unsigned clock_core, clock_idle, clock_memory; /* MHz */
    unsigned power_idle, power_limit;  /* W */
    unsigned slowdown_c, shutdown_c;
    unsigned links, link_group, link_mbps; /* to the others of its group; see unit_peer */
    unsigned chips_per_card;        /* DCMI: devices of a card; MLU: 1 */
    unsigned reset_group;           /* units that are reset together */
    unsigned board_id, type;        /* DCMI's board id; CNDEV's cndevNameEnum_t */
    bool roce, old;                 /* old: of the generation before the calls that came later */
    unsigned tiles;                 /* Intel: 1 is a GPU that is not divided into them */
    bool xe;                        /* Intel: under the driver xe, else i915 */
    const struct unit_profile *profiles;
};

struct unit_place {
    unsigned domain, bus; /* device 0, function 0 */
    int numa;
};

/* The units of one vendor on a node. Their number may be set by the scenario; place[] repeats in the next PCI domain. */
struct unit_group {
    const struct unit_model *model;
    unsigned count, places;
    struct unit_place place[16];
    unsigned first_card, card_step; /* DCMI's card ids look like slots */
    uint64_t serial_base;
};

extern const struct unit_model unit_910a, unit_910b, unit_910c, unit_310p, unit_310p_duo, unit_310, unit_mlu370, unit_mlu370_s4, unit_mlu590, unit_mlu290,
    unit_max1550, unit_b60;

struct unit_place unit_place(const struct unit_group *group, unsigned unit);
/* The other end of a link; false: the unit has no such link, or its group is not complete. */
bool unit_peer(const struct unit_model *model, unsigned units, unsigned unit, unsigned link, unsigned *peer, unsigned *peer_link);
const struct unit_profile *unit_profile_find(const struct unit_model *model, const char *name);

/* Identity is a pure function of model and number. */
uint64_t unit_serial(const struct unit_group *group, unsigned unit);
/* 36 characters in lower case. part UINT32_MAX: the whole unit. */
void unit_uuid(const struct unit_group *group, unsigned unit, unsigned part, char out[37]);
/* dddd:bb:00.0, as the kernel names a device. */
void unit_address(const struct unit_place *place, char out[16]);

#endif
