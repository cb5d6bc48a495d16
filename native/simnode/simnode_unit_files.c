/* The files of NPUs and MLUs and of their drivers, as they are at a moment. */
#define _GNU_SOURCE
#include "simnode.h"
#include "simnode_files.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const drivers[] = { "devdrv_device_driver", "cambricon-pci-drv" };
static const char *const versions[] = { "24.1.rc3", "6.2.11" };

struct pci_device simnode_unit_pci(const struct scenario *scenario, unsigned vendor, unsigned unit, const struct unit_state *state, char address[16])
{
    const unsigned processing_accelerator = 0x120000;
    const struct unit_group *group = &scenario->model->units[vendor];
    const struct unit_override *override = &scenario->unit[vendor][unit];
    const struct unit_place place = unit_place(group, unit);
    unit_address(&place, address);
    return (struct pci_device){ address, state->unbound ? NULL : drivers[vendor], group->model->pci_device, group->model->pci_subsystem,
                                processing_accelerator, group->model->pcie_generation, override->numa_set ? override->numa : place.numa };
}

static bool put_empty(const struct simnode *options, bool there, const char *path)
{
    return there ? simnode_put(options->root, path, "%s", "") : simnode_remove(options->root, path);
}

/* The state of the RoCE link, for the program that tells it. */
static bool put_npu(const struct simnode *options, const struct unit_model *model, unsigned unit, const struct unit_state *state)
{
    char path[96];
    const bool there = unit_present(state);
    snprintf(path, sizeof path, "dev/davinci%u", unit);
    bool good = put_empty(options, there, path);
    for (unsigned part = 0; good && model->profiles != NULL && part < UNIT_PARTS; part++) {
        snprintf(path, sizeof path, "dev/vdavinci%u", 100 + unit * UNIT_PARTS + part);
        good = put_empty(options, there && state->part[part].used, path);
    }
    if (!good || !model->roce) return good;
    snprintf(path, sizeof path, "usr/local/Ascend/driver/tools/.simulated-links/%u", unit);
    return there ? simnode_put(options->root, path, "link status: %s\n", state->roce_down ? "DOWN" : "UP") : simnode_remove(options->root, path);
}

static bool put_mlu(const struct simnode *options, const struct scenario *scenario, unsigned unit, const struct unit_state *state, const char *address)
{
    char path[96];
    const struct unit_group *group = &scenario->model->units[UNIT_MLU];
    const char *name = scenario->unit[UNIT_MLU][unit].name;
    const bool there = unit_present(state);
    snprintf(path, sizeof path, "dev/cambricon_dev%u", unit);
    bool good = put_empty(options, there, path);
    snprintf(path, sizeof path, "dev/cambricon_ipcm%u", unit);
    good = good && put_empty(options, there, path);
    for (unsigned part = 0; good && part < UNIT_PARTS; part++) {
        snprintf(path, sizeof path, "dev/cambricon-caps/cap_dev%u_mi%u", unit, part + 1);
        good = put_empty(options, there && state->part[part].used, path);
    }
    if (!good) return false;
    snprintf(path, sizeof path, "proc/driver/cambricon/mlus/%s%s", address, there ? "/information" : "");
    if (!there) return simnode_remove(options->root, path);
    return simnode_put(options->root, path, "Device name: %s\nDevice inode path: /dev/cambricon_dev%u\nDevice Minor: %u\nBoard Serial Number: %" PRIX64 "\n",
                       *name != '\0' ? name : group->model->name, unit, unit, unit_serial(group, unit));
}

bool simnode_put_unit(const struct simnode *options, const struct scenario *scenario, unsigned vendor, unsigned unit, const struct unit_state *state)
{
    if (vendor == UNIT_INTEL) return true; /* who generates the tree of such a node writes them */
    char address[16], path[64];
    const struct pci_device pci = simnode_unit_pci(scenario, vendor, unit, state, address);
    snprintf(path, sizeof path, "sys/bus/pci/devices/%s", address);
    const bool good = state->removed ? simnode_remove(options->root, path) : simnode_put_pci(options->root, &pci);
    if (!good) return false;
    return vendor == UNIT_NPU ? put_npu(options, scenario->model->units[vendor].model, unit, state) : put_mlu(options, scenario, unit, state, address);
}

/* What hccn_tool answers when it is asked for a link (hccn_tool -i N -link -g). */
static const char hccn_tool[] =
    "#!/bin/sh\n"
    "# A stand-in of the simulator: it tells the state of a RoCE link and knows nothing else.\n"
    "[ \"$1\" = -i ] && [ \"$3\" = -link ] && [ \"$4\" = -g ] || { echo 'only -i N -link -g is simulated' >&2; exit 1; }\n"
    "exec cat \"$(dirname \"$0\")/.simulated-links/$2\"\n";

static bool put_npu_driver(const struct simnode *options, const struct scenario *scenario, const char *version)
{
    const struct unit_model *model = scenario->model->units[UNIT_NPU].model;
    bool good = put_empty(options, true, "dev/davinci_manager") && put_empty(options, true, "dev/devmm_svm") && put_empty(options, true, "dev/hisi_hdc")
        && simnode_put(options->root, "usr/local/Ascend/driver/version.info", "Version=%s\nascendhal_version=7.35.23\npackage_version=%s\n", version, version)
        && simnode_put(options->root, "etc/ascend_install.info", "UserName=HwHiAiUser\nDriver_Install_Path_Param=/usr/local/Ascend\n");
    if (!good || !model->roce) return good;
    char hosts[64 * SIM_MAX_UNITS];
    size_t used = 0;
    hosts[0] = '\0';
    for (unsigned i = 0; i < scenario->units[UNIT_NPU]; i++)
        used += (size_t)snprintf(hosts + used, sizeof hosts - used, "address_%u=10.20.0.%u\nnetmask_%u=255.255.255.0\n", i, 100 + i, i);
    return simnode_put(options->root, "etc/hccn.conf", "%s", hosts)
        && simnode_put_program(options->root, "usr/local/Ascend/driver/tools/hccn_tool", hccn_tool);
}

bool simnode_put_unit_driver(const struct simnode *options, const struct scenario *scenario, const struct sim_state *state, unsigned vendor)
{
    if (vendor == UNIT_INTEL || scenario->model->units[vendor].model == NULL) return true;
    const bool own = *state->driver_version != '\0' && scenario->model->gpus == 0;
    const char *version = own ? state->driver_version : versions[vendor];
    if (vendor == UNIT_NPU) return put_npu_driver(options, scenario, version);
    return put_empty(options, true, "dev/cambricon_ctl") && put_empty(options, true, "dev/cambricon_gdr")
        && simnode_put(options->root, "sys/module/cambricon_drv/version", "v%s\n", version)
        && simnode_put(options->root, "proc/driver/cambricon/version", "Driver Version: v%s\n", version);
}
