/* The boards. Figures are those of the vendors' data sheets, or are chosen in their range. */
#include "unit_model.h"

/* Ascend's templates: cores and CPUs as their names say; memory in MiB. */
static const struct unit_profile vnpu_910a[] = {
    { "vir02", 2, 2, 1, 0, 0, 0, 2048 }, { "vir04", 4, 4, 1, 0, 0, 0, 4096 }, { "vir08", 8, 8, 3, 0, 0, 0, 8192 },
    { "vir16", 16, 16, 7, 0, 0, 0, 16384 }, { 0 },
};
static const struct unit_profile vnpu_910b[] = {
    { "vir05_1c_16g", 5, 5, 1, 0, 0, 0, 16384 }, { "vir10_3c_32g", 10, 10, 3, 0, 0, 0, 32768 }, { 0 },
};
static const struct unit_profile vnpu_310p[] = {
    { "vir01", 1, 1, 1, 0, 0, 0, 3072 }, { "vir02", 2, 2, 2, 0, 0, 0, 6144 }, { "vir02_1c", 3, 2, 1, 0, 0, 0, 6144 },
    { "vir04", 4, 4, 4, 0, 0, 0, 12288 }, { "vir04_3c", 5, 4, 3, 0, 0, 0, 12288 }, { "vir04_4c_dvpp", 6, 4, 4, 12, 0, 0, 12288 },
    { "vir04_3c_ndvpp", 7, 4, 3, 0, 0, 0, 12288 }, { 0 },
};
/* Cambricon's profiles by cndevMLUInstanceProfileEnum_t; a name is mMLU.MEMORYgb, as in the resource mim-2m.8gb. */
static const struct unit_profile mim_370[] = {
    { "1m.4gb", 0, 4, 0, 1, 1, 6, 4096 }, { "2m.8gb", 2, 8, 0, 2, 2, 5, 8192 }, { "3m.12gb", 4, 12, 0, 3, 3, 4, 12288 },
    { "4m.16gb", 5, 16, 0, 4, 4, 3, 16384 }, { 0 },
};
static const struct unit_profile mim_370_x8[] = {
    { "1m.8gb", 0, 5, 0, 1, 1, 6, 8192 }, { "2m.16gb", 2, 10, 0, 2, 2, 5, 16384 }, { "3m.24gb", 4, 15, 0, 3, 3, 4, 24576 },
    { "4m.32gb", 5, 20, 0, 4, 4, 3, 32768 }, { 0 },
};
static const struct unit_profile mim_590[] = {
    { "1m.12gb", 0, 8, 0, 1, 1, 6, 12288 }, { "2m.24gb", 2, 16, 0, 2, 2, 5, 24576 }, { "3m.36gb", 4, 24, 0, 3, 3, 4, 36864 },
    { "6m.72gb", 7, 48, 0, 6, 6, 1, 73728 }, { 0 },
};

const struct unit_model unit_910a = {
    .name = "910A", .family = "Ascend", .product = "Ascend910", .part_number = "02312TRE",
    .pci_device = 0xd80119e5, .pci_subsystem = 0x020019e5, .pcie_generation = 4, .memory_mb = 32768, .hbm = true,
    .cores = 32, .cpus = 14, .clock_core = 1000, .clock_idle = 200, .clock_memory = 1200, .power_idle = 66, .power_limit = 310,
    .slowdown_c = 95, .shutdown_c = 105, .links = 3, .link_group = 4, .link_mbps = 30000,
    .chips_per_card = 1, .reset_group = 4, .board_id = 0x20, .roce = true, .old = true, .profiles = vnpu_910a,
};
const struct unit_model unit_910b = {
    .name = "910B3", .family = "Ascend", .product = "Ascend910B3", .part_number = "02314NYM",
    .pci_device = 0xd80219e5, .pci_subsystem = 0x300119e5, .pcie_generation = 5, .memory_mb = 65536, .hbm = true,
    .cores = 20, .cpus = 7, .clock_core = 1800, .clock_idle = 800, .clock_memory = 1600, .power_idle = 90, .power_limit = 392,
    .slowdown_c = 95, .shutdown_c = 105, .links = 7, .link_group = 8, .link_mbps = 28000,
    .chips_per_card = 1, .reset_group = 8, .board_id = 0x30, .roce = true, .profiles = vnpu_910b,
};
const struct unit_model unit_910c = {
    .name = "Ascend910", .family = "Ascend", .product = "9391", .part_number = "02316ABC",
    .pci_device = 0xd80319e5, .pci_subsystem = 0x300319e5, .pcie_generation = 5, .memory_mb = 65536, .hbm = true,
    .cores = 24, .cpus = 8, .clock_core = 1800, .clock_idle = 800, .clock_memory = 1600, .power_idle = 150, .power_limit = 480,
    .slowdown_c = 95, .shutdown_c = 105, .links = 7, .link_group = 8, .link_mbps = 28000,
    .chips_per_card = 2, .reset_group = 2, .board_id = 0xb0, .roce = true, .profiles = vnpu_910b,
};
const struct unit_model unit_310p = {
    .name = "310P3", .family = "Ascend", .product = "Ascend310P3", .part_number = "02313UWP",
    .pci_device = 0xd50019e5, .pci_subsystem = 0x010019e5, .pcie_generation = 4, .memory_mb = 24576,
    .cores = 8, .cpus = 7, .codecs = 12, .clock_core = 1080, .clock_idle = 200, .clock_memory = 4266, .power_idle = 18, .power_limit = 72,
    .slowdown_c = 95, .shutdown_c = 105, .chips_per_card = 1, .reset_group = 1, .board_id = 0x64, .profiles = vnpu_310p,
};
const struct unit_model unit_310p_duo = {
    .name = "310P3", .family = "Ascend", .product = "Ascend310P3", .part_number = "02313UWR",
    .pci_device = 0xd50019e5, .pci_subsystem = 0x011019e5, .pcie_generation = 4, .memory_mb = 49152,
    .cores = 8, .cpus = 7, .codecs = 12, .clock_core = 1080, .clock_idle = 200, .clock_memory = 4266, .power_idle = 20, .power_limit = 75,
    .slowdown_c = 95, .shutdown_c = 105, .chips_per_card = 2, .reset_group = 2, .board_id = 0x6b, .profiles = vnpu_310p,
};
const struct unit_model unit_310 = {
    .name = "310", .family = "Ascend", .product = "Ascend310", .part_number = "02312TNA",
    .pci_device = 0xd10019e5, .pci_subsystem = 0x000419e5, .pcie_generation = 3, .memory_mb = 8192,
    .cores = 2, .cpus = 4, .codecs = 4, .clock_core = 680, .clock_idle = 200, .clock_memory = 1600, .power_idle = 5, .power_limit = 12,
    .slowdown_c = 95, .shutdown_c = 105, .chips_per_card = 4, .reset_group = 1, .board_id = 0x04, .old = true,
};
const struct unit_model unit_mlu370 = {
    .name = "MLU370-X8", .family = "MLU370", .product = "MLU370", .part_number = "MLU370-X8",
    .pci_device = 0x0370cabc, .pci_subsystem = 0x0056cabc, .pcie_generation = 4, .memory_mb = 49152,
    .cores = 32, .codecs = 6, .clock_core = 1300, .clock_idle = 600, .clock_memory = 3200, .power_idle = 42, .power_limit = 250,
    .slowdown_c = 90, .shutdown_c = 98, .links = 2, .link_group = 4, .link_mbps = 50000,
    .chips_per_card = 1, .reset_group = 1, .type = 23, .old = true, .profiles = mim_370_x8,
};
const struct unit_model unit_mlu370_s4 = {
    .name = "MLU370-S4", .family = "MLU370", .product = "MLU370", .part_number = "MLU370-S4",
    .pci_device = 0x0370cabc, .pci_subsystem = 0x0052cabc, .pcie_generation = 4, .memory_mb = 24576,
    .cores = 24, .codecs = 6, .clock_core = 1000, .clock_idle = 600, .clock_memory = 3200, .power_idle = 24, .power_limit = 75,
    .slowdown_c = 90, .shutdown_c = 98, .chips_per_card = 1, .reset_group = 1, .type = 23, .old = true, .profiles = mim_370,
};
const struct unit_model unit_mlu590 = {
    .name = "MLU590-M9", .family = "MLU590", .product = "MLU590", .part_number = "MLU590-M9",
    .pci_device = 0x0590cabc, .pci_subsystem = 0x0061cabc, .pcie_generation = 5, .memory_mb = 81920, .hbm = true,
    .cores = 48, .codecs = 6, .clock_core = 1600, .clock_idle = 700, .clock_memory = 2400, .power_idle = 95, .power_limit = 600,
    .slowdown_c = 95, .shutdown_c = 105, .links = 6, .link_group = 8, .link_mbps = 53125,
    .chips_per_card = 1, .reset_group = 1, .type = 26, .profiles = mim_590,
};
const struct unit_model unit_mlu290 = {
    .name = "MLU290", .family = "MLU290", .product = "MLU290", .part_number = "MLU290-M5",
    .pci_device = 0x0290cabc, .pci_subsystem = 0x0010cabc, .pcie_generation = 4, .memory_mb = 32768, .hbm = true,
    .cores = 64, .clock_core = 1000, .clock_idle = 500, .clock_memory = 1200, .power_idle = 60, .power_limit = 350,
    .slowdown_c = 90, .shutdown_c = 98, .links = 6, .link_group = 8, .link_mbps = 25000,
    .chips_per_card = 1, .reset_group = 1, .type = 20, .old = true,
};
/* Clocks, limits and memory are those that the generated files of such a board show. */
const struct unit_model unit_max1550 = {
    .name = "Intel(R) Data Center GPU Max 1550", .family = "max1550", .product = "Intel(R) Data Center GPU Max 1550", .part_number = "100-000000",
    .pci_device = 0x0bd58086, .pci_subsystem = 0x00008086, .pcie_generation = 5, .memory_mb = 131072, .hbm = true,
    .cores = 1024, .clock_core = 1400, .clock_idle = 300, .clock_memory = 1600, .power_idle = 180, .power_limit = 600,
    .slowdown_c = 95, .shutdown_c = 105, .links = 3, .link_group = 4, .link_mbps = 53000,
    .chips_per_card = 1, .reset_group = 1, .tiles = 2,
};
const struct unit_model unit_b60 = {
    .name = "Intel(R) Arc(TM) Pro B60 Graphics", .family = "b60", .product = "Intel(R) Arc(TM) Pro B60 Graphics", .part_number = "100-000001",
    .pci_device = 0xe2118086, .pci_subsystem = 0x00008086, .pcie_generation = 5, .memory_mb = 24576,
    .cores = 160, .clock_core = 1400, .clock_idle = 300, .clock_memory = 2375, .power_idle = 35, .power_limit = 200,
    .slowdown_c = 100, .shutdown_c = 115, .chips_per_card = 1, .reset_group = 1, .tiles = 1, .xe = true,
};
