#include "node_model.h"

#include <stdio.h>
#include <string.h>

/* Bus numbers, NUMA nodes and switch addresses are those that the named systems show in lspci and nvidia-smi topo. */
#define FOUR(board) &board, &board, &board, &board
static const struct node_model models[] = {
    {
        .name = "dgx-h100", .summary = "8x NVIDIA H100 80GB HBM3, 18 NVLinks each to 4 NVSwitches, 2 sockets",
        .gpus = 8, .gpu = { FOUR(board_h100_sxm), FOUR(board_h100_sxm) }, .serial_base = 1654123000100,
        .place = { { 0x1b, 0, 0, 0 }, { 0x43, 0, 0, 0 }, { 0x52, 0, 0, 0 }, { 0x61, 0, 0, 0 },
                   { 0x9d, 1, 1, 0 }, { 0xc3, 1, 1, 0 }, { 0xd1, 1, 1, 0 }, { 0xdf, 1, 1, 0 } },
        .numa_nodes = 2, .cpus_per_numa = 112, .sockets = 2,
        .switches = 4, .switch_bus = { 0x05, 0x06, 0x07, 0x08 }, .switch_device = 0x22a310de, .same_numa_level = 40,
    },
    {
        .name = "dgx-a100", .summary = "8x NVIDIA A100-SXM4-80GB, 12 NVLinks each to 6 NVSwitches, 2 sockets with 4 NUMA nodes each",
        .gpus = 8, .gpu = { FOUR(board_a100_sxm), FOUR(board_a100_sxm) }, .serial_base = 1563021000200,
        .place = { { 0x07, 3, 0, 0 }, { 0x0f, 3, 0, 0 }, { 0x47, 1, 0, 0 }, { 0x4e, 1, 0, 0 },
                   { 0x87, 7, 1, 0 }, { 0x90, 7, 1, 0 }, { 0xb7, 5, 1, 0 }, { 0xbd, 5, 1, 0 } },
        .numa_nodes = 8, .cpus_per_numa = 32, .sockets = 2,
        .switches = 6, .switch_bus = { 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9 }, .switch_device = 0x1af110de, .same_numa_level = 20,
    },
    {
        .name = "l4", .summary = "4x NVIDIA L4, PCIe only, 2 NUMA nodes",
        .gpus = 4, .gpu = { FOUR(board_l4) }, .serial_base = 1322823000300,
        .place = { { 0x17, 0, 0, 0 }, { 0x65, 0, 0, 0 }, { 0xca, 1, 1, 0 }, { 0xe3, 1, 1, 0 } },
        .numa_nodes = 2, .cpus_per_numa = 64, .sockets = 2, .same_numa_level = 40,
    },
    {
        .name = "hgx-b200", .summary = "8x NVIDIA B200, 18 NVLinks of the fifth generation each to 2 NVSwitches, 2 sockets",
        .gpus = 8, .gpu = { FOUR(board_b200), FOUR(board_b200) }, .serial_base = 1655024000400,
        .place = { { 0x1b, 0, 0, 0 }, { 0x43, 0, 0, 0 }, { 0x52, 0, 0, 0 }, { 0x61, 0, 0, 0 },
                   { 0x9d, 1, 1, 0 }, { 0xc3, 1, 1, 0 }, { 0xd1, 1, 1, 0 }, { 0xdf, 1, 1, 0 } },
        .numa_nodes = 2, .cpus_per_numa = 112, .sockets = 2,
        .switches = 2, .switch_bus = { 0x05, 0x07 }, .switch_device = 0x29a310de, .same_numa_level = 40,
    },
    {
        .name = "gb200", .summary = "a compute tray with 4x GB200 and 2 Grace CPUs: GPU memory as NUMA nodes, C2C, a rack-wide NVLink domain",
        .gpus = 4, .gpu = { FOUR(board_gb200) }, .serial_base = 1650625000500,
        .place = { { 0x01, 0, 0, 8 }, { 0x01, 0, 0, 9 }, { 0x01, 1, 1, 0x18 }, { 0x01, 1, 1, 0x19 } },
        .numa_nodes = 2, .cpus_per_numa = 72, .sockets = 2, .first_gpu_numa = 2,
        .same_numa_level = 40, .clique = 32766,
    },
    {
        .name = "mixed", .summary = "2x NVIDIA H100 PCIe, 2x NVIDIA L4, 2x Ascend 310P and 2x MLU370-S4 on one node, 2 NUMA nodes",
        .gpus = 4, .gpu = { &board_h100_pcie, &board_h100_pcie, &board_l4, &board_l4 }, .serial_base = 1324623000600,
        .place = { { 0x21, 0, 0, 0 }, { 0xa1, 1, 1, 0 }, { 0x41, 0, 0, 0 }, { 0xc1, 1, 1, 0 } },
        .units = {
            { &unit_310p, 2, 2, { { 0, 0x31, 0 }, { 0, 0xb1, 1 } }, .first_card = 3, .card_step = 4, .serial_base = 2102313000 },
            { &unit_mlu370_s4, 2, 2, { { 0, 0x51, 0 }, { 0, 0xd1, 1 } }, .serial_base = 0x552107000140 },
        },
        .numa_nodes = 2, .cpus_per_numa = 64, .sockets = 2, .same_numa_level = 40,
    },
    {
        .name = "ascend910b-8", .summary = "8x Ascend 910B3, 64 GB, HCCS between all, a RoCE port each, 4 NUMA nodes on 2 sockets",
        .units = { [UNIT_NPU] = {
            &unit_910b, 8, 8, { { 0, 0xc1, 3 }, { 0, 0x01, 0 }, { 0, 0xc2, 3 }, { 0, 0x02, 0 },
                                { 0, 0x81, 2 }, { 0, 0x41, 1 }, { 0, 0x82, 2 }, { 0, 0x42, 1 } },
            .card_step = 1, .serial_base = 2102314000 } },
        .numa_nodes = 4, .cpus_per_numa = 48, .sockets = 2,
    },
    {
        .name = "ascend910-8", .summary = "8x Ascend 910A, 32 GB, two HCCS rings of 4, a RoCE port each, 4 NUMA nodes",
        .units = { [UNIT_NPU] = {
            &unit_910a, 8, 8, { { 0, 0xc1, 3 }, { 0, 0x81, 2 }, { 0, 0x41, 1 }, { 0, 0x01, 0 },
                                { 0, 0xc2, 3 }, { 0, 0x82, 2 }, { 0, 0x42, 1 }, { 0, 0x02, 0 } },
            .card_step = 1, .serial_base = 2102312000 } },
        .numa_nodes = 4, .cpus_per_numa = 48, .sockets = 2,
    },
    {
        .name = "ascend910c-16", .summary = "8 Ascend 910C modules of two dies each, in a super-pod, 8 NUMA nodes",
        .units = { [UNIT_NPU] = {
            &unit_910c, 16, 16, { { 0, 0x9d, 4 }, { 0, 0x9f, 4 }, { 0, 0xa1, 4 }, { 0, 0xa3, 4 }, { 0, 0x1d, 0 }, { 0, 0x1f, 0 },
                                  { 0, 0x21, 0 }, { 0, 0x23, 0 }, { 0, 0xdd, 6 }, { 0, 0xdf, 6 }, { 0, 0xe1, 6 }, { 0, 0xe3, 6 },
                                  { 0, 0x5d, 2 }, { 0, 0x5f, 2 }, { 0, 0x61, 2 }, { 0, 0x63, 2 } },
            .card_step = 1, .serial_base = 2102316000 } },
        .numa_nodes = 8, .cpus_per_numa = 40, .sockets = 4,
    },
    {
        .name = "ascend310p-4", .summary = "2x Atlas 300I Duo: 4 Ascend 310P chips on cards 1 and 5, PCIe only, 2 NUMA nodes",
        .units = { [UNIT_NPU] = {
            &unit_310p_duo, 4, 4, { { 0, 0x3b, 0 }, { 0, 0x3c, 0 }, { 0, 0xaf, 1 }, { 0, 0xb0, 1 } },
            .first_card = 1, .card_step = 4, .serial_base = 2102313500 } },
        .numa_nodes = 2, .cpus_per_numa = 32, .sockets = 2,
    },
    {
        .name = "ascend310-8", .summary = "2x Atlas 300I of the first generation: 8 Ascend 310 chips on cards 2 and 6, 1 NUMA node",
        .units = { [UNIT_NPU] = {
            &unit_310, 8, 8, { { 0, 0x17, 0 }, { 0, 0x18, 0 }, { 0, 0x19, 0 }, { 0, 0x1a, 0 },
                               { 0, 0x65, 0 }, { 0, 0x66, 0 }, { 0, 0x67, 0 }, { 0, 0x68, 0 } },
            .first_card = 2, .card_step = 4, .serial_base = 2102310000 } },
        .numa_nodes = 1, .cpus_per_numa = 64, .sockets = 1,
    },
    {
        .name = "mlu370-8", .summary = "8x MLU370-X8, 48 GB, two MLULink rings of 4, 2 NUMA nodes",
        .units = { [UNIT_MLU] = {
            &unit_mlu370, 8, 8, { { 0, 0x0f, 0 }, { 0, 0x12, 0 }, { 0, 0x50, 0 }, { 0, 0x53, 0 },
                                  { 0, 0x8f, 1 }, { 0, 0x92, 1 }, { 0, 0xd0, 1 }, { 0, 0xd3, 1 } },
            .serial_base = 0x552108000230 } },
        .numa_nodes = 2, .cpus_per_numa = 64, .sockets = 2,
    },
    {
        .name = "mlu590-8", .summary = "8x MLU590-M9, 80 GB HBM, 6 MLULinks each, 2 NUMA nodes",
        .units = { [UNIT_MLU] = {
            &unit_mlu590, 8, 8, { { 0, 0x19, 0 }, { 0, 0x3b, 0 }, { 0, 0x4c, 0 }, { 0, 0x5d, 0 },
                                  { 0, 0x9b, 1 }, { 0, 0xbb, 1 }, { 0, 0xcb, 1 }, { 0, 0xdb, 1 } },
            .serial_base = 0x552301000310 } },
        .numa_nodes = 2, .cpus_per_numa = 96, .sockets = 2,
    },
    {
        .name = "mlu290-8", .summary = "8x MLU290-M5, 32 GB HBM, 6 MLULinks each, 2 NUMA nodes",
        .units = { [UNIT_MLU] = {
            &unit_mlu290, 8, 8, { { 0, 0x1b, 0 }, { 0, 0x3d, 0 }, { 0, 0x4f, 0 }, { 0, 0x5e, 0 },
                                  { 0, 0x9c, 1 }, { 0, 0xbd, 1 }, { 0, 0xce, 1 }, { 0, 0xdd, 1 } },
            .serial_base = 0x552007000410 } },
        .numa_nodes = 2, .cpus_per_numa = 64, .sockets = 2,
    },
    {
        .name = "max1550-4", .summary = "4x Intel Data Center GPU Max 1550, 128 GB HBM, 2 tiles each, Xe links between all, 1 NUMA node",
        .units = { [UNIT_INTEL] = { &unit_max1550, 4, 4, { { 0, 0x10, 0 }, { 0, 0x11, 0 }, { 0, 0x12, 0 }, { 0, 0x13, 0 } }, .serial_base = 0x155000000000 } },
        .numa_nodes = 1, .cpus_per_numa = 64, .sockets = 1,
    },
    {
        .name = "b60-4", .summary = "4x Intel Arc Pro B60, 24 GB, under the driver xe, PCIe only, 1 NUMA node",
        .units = { [UNIT_INTEL] = { &unit_b60, 4, 4, { { 0, 0x10, 0 }, { 0, 0x11, 0 }, { 0, 0x12, 0 }, { 0, 0x13, 0 } }, .serial_base = 0x060000000000 } },
        .numa_nodes = 1, .cpus_per_numa = 64, .sockets = 1,
    },
    {
        .name = "bare", .summary = "no device; a scenario adds Intel GPUs (intel add KIND ADDRESS), 2 NUMA nodes",
        .numa_nodes = 2, .cpus_per_numa = 64, .sockets = 2,
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
    uint64_t low = sim_hash(high, model->gpu[gpu]->gpu_name, strlen(model->gpu[gpu]->gpu_name));
    snprintf(out, 41, "GPU-%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xffff, (unsigned)(low >> 48), (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

void node_model_serial(const struct node_model *model, unsigned gpu, char out[30])
{
    snprintf(out, 30, "%013llu", (unsigned long long)(model->serial_base + gpu * 37));
}

void node_model_mig_uuid(const struct node_model *model, unsigned gpu, unsigned gi, unsigned ci, char out[41])
{
    const unsigned place[] = { gpu, gi, ci };
    uint64_t high = sim_hash(sim_hash(gi, model->name, strlen(model->name)), place, sizeof place), low = sim_hash(high, place, sizeof place);
    snprintf(out, 41, "MIG-%08x-%04x-5%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff,
             (unsigned)high & 0xfff, ((unsigned)(low >> 48) & 0x3fff) | 0x8000, (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

void node_model_address(const struct gpu_place *place, char out[16])
{
    snprintf(out, 16, "%04x:%02x:00.0", place->domain & 0xffff, place->bus & 0xff);
}
