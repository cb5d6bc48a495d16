/* The host's files as far as an agent reads them: PCI, boot id, driver version, device nodes, the kubelet's folder. */
#define _GNU_SOURCE
#include "simnode.h"
#include "simnode_files.h"

#include <limits.h>
#include <stdio.h>

/* Random-looking, and a pure function of the node's time zero and its boots: every writer writes the same. */
bool simnode_write_boot_id(const struct simnode *options, const struct sim_clock *clock, unsigned boots)
{
    uint64_t high = sim_hash((uint64_t)clock->epoch, &boots, sizeof boots), low = sim_hash(high, &boots, sizeof boots);
    return simnode_put(options->root, "proc/sys/kernel/random/boot_id", "%08x-%04x-4%03x-%04x-%012llx\n", (unsigned)(high >> 32),
                       (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xfff, ((unsigned)(low >> 48) & 0x3fff) | 0x8000,
                       (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

bool simnode_write_driver(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state)
{
    const char *driver = *state->driver_version != '\0' ? state->driver_version : "570.124.06";
    if (scenario->model->gpus == 0)
        return simnode_put_unit_driver(options, scenario, state, UNIT_NPU) && simnode_put_unit_driver(options, scenario, state, UNIT_MLU);
    return simnode_put(options->root, "sys/module/nvidia/version", "%s\n", driver)
        && simnode_put(options->root, "proc/driver/nvidia/version",
                       "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build  (AIInfra simulator)\n", driver);
}

static bool put_gpus(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state)
{
    const struct node_model *model = scenario->model;
    if (model->gpus == 0) return true;
    bool good = simnode_put(options->root, "dev/nvidiactl", "%s", "")
        && simnode_put(options->root, "dev/nvidia-uvm", "%s", "")
        && simnode_put(options->root, "dev/nvidia-uvm-tools", "%s", "")
        && simnode_put_mig_minors(options, model);
    for (unsigned gpu = 0; good && gpu < model->gpus; gpu++) good = simnode_put_gpu(options, scenario, gpu, &state->gpu[gpu]);
    return good && simnode_put_switches(options, model);
}

bool simnode_write_node(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state,
                        const struct sim_clock *clock)
{
    bool good = simnode_write_boot_id(options, clock, state->boots)
        && simnode_write_driver(options, scenario, state)
        && put_gpus(options, scenario, state);
    for (unsigned vendor = 0; good && vendor < UNIT_VENDORS; vendor++) {
        good = simnode_put_unit_driver(options, scenario, state, vendor);
        for (unsigned unit = 0; good && unit < scenario->units[vendor]; unit++)
            good = simnode_put_unit(options, scenario, vendor, unit, &state->unit[vendor][unit]);
    }
    return good;
}

static bool put_node(const struct simnode *options, const struct scenario *scenario, const struct sim_clock *clock)
{
    struct sim_state state;
    sim_state_start(scenario, &state);
    sim_state_advance(scenario, &state, sim_clock_now(clock));
    char kubelet[PATH_MAX];
    snprintf(kubelet, sizeof kubelet, "%s/var/lib/kubelet/device-plugins/", options->root);
    return simnode_write_node(options, scenario, &state, clock) && simnode_make_folders(kubelet);
}

int simnode_tree(const struct simnode *options)
{
    struct scenario_file file = { .path = options->scenario };
    unsigned complaints;
    struct scenario *scenario = simnode_read(&file, true, &complaints);
    if (scenario == NULL) return EXIT_NO_INPUT;
    struct sim_clock clock;
    int result = complaints > 0 ? EXIT_DATA
               : simnode_clock(options, &clock) && put_node(options, scenario, &clock) ? 0 : EXIT_IO;
    scenario_free(scenario);
    scenario_file_close(&file);
    return result;
}
