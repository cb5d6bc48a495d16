/* The boards, as their data sheets and nvidia-smi describe them. */
#include "node_model.h"

const struct gpu_model board_h100_sxm = {
    .gpu_name = "NVIDIA H100 80GB HBM3", .vbios = "96.00.74.00.01", .part_number = "692-2G520-0200-000", .inforom = "G520.0200.00.05",
    .pci_device = 0x233010de, .pci_subsystem = 0x16c110de,
    .compute_major = 9, .compute_minor = 0, .architecture = ARCHITECTURE_HOPPER, .pcie_generation = 5, .sxm = true,
    .memory_bytes = UINT64_C(81559) << 20, .reserved_bytes = UINT64_C(551) << 20, .bar1_bytes = UINT64_C(128) << 30,
    .hbm = true, .mig = mig_h100,
    .clock_graphics = 1980, .clock_memory = 2619, .clock_video = 1545, .power_idle = 100, .power_min = 200, .power_limit = 700,
    .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 87,
    .links = 18, .link_version = 6, .link_mbps = 26562, .fabric = true,
};
const struct gpu_model board_h100_pcie = {
    .gpu_name = "NVIDIA H100 PCIe", .vbios = "96.00.8C.00.02", .part_number = "900-21010-0000-000", .inforom = "1010.0200.00.02",
    .pci_device = 0x233110de, .pci_subsystem = 0x162610de,
    .compute_major = 9, .compute_minor = 0, .architecture = ARCHITECTURE_HOPPER, .pcie_generation = 5,
    .memory_bytes = UINT64_C(81559) << 20, .reserved_bytes = UINT64_C(551) << 20, .bar1_bytes = UINT64_C(128) << 30,
    .hbm = true, .mig = mig_h100_pcie,
    .clock_graphics = 1755, .clock_memory = 1593, .clock_video = 1365, .power_idle = 50, .power_min = 200, .power_limit = 350,
    .shutdown_c = 95, .slowdown_c = 92, .memory_max_c = 95, .gpu_max_c = 87,
};
const struct gpu_model board_a100_sxm = {
    .gpu_name = "NVIDIA A100-SXM4-80GB", .vbios = "92.00.45.00.03", .part_number = "692-2G506-0210-002", .inforom = "G506.0210.00.04",
    .pci_device = 0x20b210de, .pci_subsystem = 0x147f10de,
    .compute_major = 8, .compute_minor = 0, .architecture = ARCHITECTURE_AMPERE, .pcie_generation = 4, .sxm = true,
    .memory_bytes = UINT64_C(81920) << 20, .reserved_bytes = UINT64_C(669) << 20, .bar1_bytes = UINT64_C(128) << 30,
    .hbm = true, .mig = mig_a100,
    .clock_graphics = 1410, .clock_memory = 1593, .clock_video = 1275, .power_idle = 60, .power_min = 100, .power_limit = 400,
    .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 85,
    .links = 12, .link_version = 4, .link_mbps = 25000,
};
const struct gpu_model board_l4 = {
    .gpu_name = "NVIDIA L4", .vbios = "95.04.29.00.06", .part_number = "900-2G193-0000-000", .inforom = "G193.0200.00.01",
    .pci_device = 0x27b810de, .pci_subsystem = 0x16ca10de,
    .compute_major = 8, .compute_minor = 9, .architecture = ARCHITECTURE_ADA, .pcie_generation = 4,
    .memory_bytes = UINT64_C(23034) << 20, .reserved_bytes = UINT64_C(512) << 20, .bar1_bytes = UINT64_C(32) << 30,
    .clock_graphics = 2040, .clock_memory = 6251, .clock_video = 1770, .power_idle = 17, .power_min = 40, .power_limit = 72,
    .shutdown_c = 97, .slowdown_c = 94, .gpu_max_c = 85,
};
const struct gpu_model board_b200 = {
    .gpu_name = "NVIDIA B200", .vbios = "97.00.9A.00.0F", .part_number = "692-2G525-0220-000", .inforom = "G525.0220.00.03",
    .pci_device = 0x290110de, .pci_subsystem = 0x199910de,
    .compute_major = 10, .compute_minor = 0, .architecture = ARCHITECTURE_BLACKWELL, .pcie_generation = 5, .sxm = true,
    .memory_bytes = UINT64_C(183359) << 20, .reserved_bytes = UINT64_C(742) << 20, .bar1_bytes = UINT64_C(256) << 30,
    .hbm = true, .mig = mig_b200,
    .clock_graphics = 1965, .clock_memory = 3996, .clock_video = 1920, .power_idle = 140, .power_min = 200, .power_limit = 1000,
    .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 87,
    .links = 18, .link_version = 7, .link_mbps = 53125, .fabric = true,
};
const struct gpu_model board_gb200 = {
    .gpu_name = "NVIDIA GB200", .vbios = "97.00.82.00.18", .part_number = "699-2G548-0201-800", .inforom = "G548.0201.00.06",
    .pci_device = 0x294110de, .pci_subsystem = 0x204610de,
    .compute_major = 10, .compute_minor = 0, .architecture = ARCHITECTURE_BLACKWELL, .pcie_generation = 5, .sxm = true,
    .memory_bytes = UINT64_C(189471) << 20, .reserved_bytes = UINT64_C(742) << 20, .bar1_bytes = UINT64_C(256) << 30,
    .hbm = true, .mig = mig_gb200,
    .clock_graphics = 2062, .clock_memory = 3996, .clock_video = 1920, .power_idle = 150, .power_min = 200, .power_limit = 1200,
    .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 87,
    .links = 18, .link_version = 7, .link_mbps = 53125, .c2c_links = 5, .fabric = true,
};
