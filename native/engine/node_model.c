#include "node_model.h"

#include <stdio.h>
#include <string.h>

/* Bus numbers, NUMA nodes and switch addresses are those that the named systems show in lspci and nvidia-smi topo. */
static const struct node_model models[] = {
    {
        .name = "dgx-h100", .summary = "8x NVIDIA H100 80GB HBM3, 18 NVLinks each to 4 NVSwitches, 2 sockets",
        .gpus = 8,
        .place = { { 0x1b, 0, 0 }, { 0x43, 0, 0 }, { 0x52, 0, 0 }, { 0x61, 0, 0 },
                   { 0x9d, 1, 1 }, { 0xc3, 1, 1 }, { 0xd1, 1, 1 }, { 0xdf, 1, 1 } },
        .gpu_name = "NVIDIA H100 80GB HBM3", .vbios = "96.00.74.00.01", .part_number = "692-2G520-0200-000",
        .serial_base = 1654123000100, .pci_device = 0x233010de, .pci_subsystem = 0x16c110de,
        .compute_major = 9, .compute_minor = 0, .architecture = 9, .pcie_generation = 5, .sxm = true,
        .memory_bytes = UINT64_C(81559) << 20, .reserved_bytes = UINT64_C(551) << 20, .bar1_bytes = UINT64_C(128) << 30,
        .hbm = true, .mig = true,
        .clock_graphics = 1980, .clock_memory = 2619, .clock_video = 1545, .power_idle = 100, .power_limit = 700,
        .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 87,
        .links = 18, .link_version = 6, .link_mbps = 26562,
        .switches = 4, .switch_bus = { 0x05, 0x06, 0x07, 0x08 }, .switch_device = 0x22a310de, .same_numa_level = 40,
    },
    {
        .name = "dgx-a100", .summary = "8x NVIDIA A100-SXM4-80GB, 12 NVLinks each to 6 NVSwitches, 2 sockets with 4 NUMA nodes each",
        .gpus = 8,
        .place = { { 0x07, 3, 0 }, { 0x0f, 3, 0 }, { 0x47, 1, 0 }, { 0x4e, 1, 0 },
                   { 0x87, 7, 1 }, { 0x90, 7, 1 }, { 0xb7, 5, 1 }, { 0xbd, 5, 1 } },
        .gpu_name = "NVIDIA A100-SXM4-80GB", .vbios = "92.00.45.00.03", .part_number = "692-2G506-0210-002",
        .serial_base = 1563021000200, .pci_device = 0x20b210de, .pci_subsystem = 0x147f10de,
        .compute_major = 8, .compute_minor = 0, .architecture = 7, .pcie_generation = 4, .sxm = true,
        .memory_bytes = UINT64_C(81920) << 20, .reserved_bytes = UINT64_C(669) << 20, .bar1_bytes = UINT64_C(128) << 30,
        .hbm = true, .mig = true,
        .clock_graphics = 1410, .clock_memory = 1593, .clock_video = 1275, .power_idle = 60, .power_limit = 400,
        .shutdown_c = 92, .slowdown_c = 89, .memory_max_c = 95, .gpu_max_c = 85,
        .links = 12, .link_version = 4, .link_mbps = 25000,
        .switches = 6, .switch_bus = { 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9 }, .switch_device = 0x1af110de, .same_numa_level = 20,
    },
    {
        .name = "l4", .summary = "4x NVIDIA L4, PCIe only, 2 NUMA nodes",
        .gpus = 4,
        .place = { { 0x17, 0, 0 }, { 0x65, 0, 0 }, { 0xca, 1, 1 }, { 0xe3, 1, 1 } },
        .gpu_name = "NVIDIA L4", .vbios = "95.04.29.00.06", .part_number = "900-2G193-0000-000",
        .serial_base = 1322823000300, .pci_device = 0x27b810de, .pci_subsystem = 0x16ca10de,
        .compute_major = 8, .compute_minor = 9, .architecture = 8, .pcie_generation = 4,
        .memory_bytes = UINT64_C(23034) << 20, .reserved_bytes = UINT64_C(512) << 20, .bar1_bytes = UINT64_C(32) << 30,
        .clock_graphics = 2040, .clock_memory = 6251, .clock_video = 1770, .power_idle = 17, .power_limit = 72,
        .shutdown_c = 97, .slowdown_c = 94, .gpu_max_c = 85, .same_numa_level = 40,
    },
};

const struct node_model *node_model_at(size_t index)
{
    return index < sizeof models / sizeof models[0] ? &models[index] : NULL;
}

const struct node_model *node_model_find(const char *name)
{
    for (size_t i = 0; node_model_at(i) != NULL; i++)
        if (strcmp(models[i].name, name) == 0) return &models[i];
    return NULL;
}

uint64_t sim_hash(uint64_t seed, const void *data, size_t size)
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *byte = data; size > 0; byte++, size--) hash = (hash ^ *byte) * UINT64_C(0x100000001b3);
    /* FNV leaves neighbours alike in the upper bits; this spreads them (the finaliser of splitmix64). */
    hash = (hash ^ (hash >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 27)) * UINT64_C(0x94d049bb133111eb);
    return hash ^ (hash >> 31);
}

void node_model_uuid(const struct node_model *model, unsigned gpu, char out[41])
{
    uint64_t high = sim_hash(gpu + 1, model->name, strlen(model->name));
    uint64_t low = sim_hash(high, model->gpu_name, strlen(model->gpu_name));
    snprintf(out, 41, "GPU-%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xffff, (unsigned)(low >> 48), (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

void node_model_serial(const struct node_model *model, unsigned gpu, char out[30])
{
    snprintf(out, 30, "%013llu", (unsigned long long)(model->serial_base + gpu * 37));
}
