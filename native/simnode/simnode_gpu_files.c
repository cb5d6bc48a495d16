/* The files of GPUs and of their driver, as they are at a moment. */
#define _GNU_SOURCE
#include "simnode.h"
#include "simnode_files.h"

#include <stdio.h>
#include <string.h>

bool simnode_put_switches(const struct simnode *options, const struct node_model *model)
{
    const unsigned bridge = 0x068000;
    bool good = true;
    for (unsigned i = 0; good && i < model->switches; i++) {
        char address[16], path[32];
        node_model_address(&(struct gpu_place){ .bus = model->switch_bus[i] }, address);
        good = simnode_put_pci(options->root, &(struct pci_device){ address, "nvidia-nvswitch", model->switch_device, 0, bridge, 4, 0 });
        snprintf(path, sizeof path, "dev/nvidia-nvswitch%u", i);
        good = good && simnode_put(options->root, path, "%s", "");
    }
    return good;
}

/* The minors of the capability files are given once for all places that instances can have, as the driver does:
   config and monitor first, then for each GPU its instances, each with its compute instances behind it. */
enum { FIRST_MINOR = 3, COMPUTE_PLACES = 8 };

static unsigned minor_of(unsigned gpu, unsigned gi, int ci)
{
    return FIRST_MINOR + (gpu * MIG_INSTANCES + gi) * (COMPUTE_PLACES + 1) + (unsigned)(ci + 1);
}

static bool put_capability(const char *root, const char *path, unsigned minor)
{
    char device[64];
    snprintf(device, sizeof device, "dev/nvidia-caps/nvidia-cap%u", minor);
    return simnode_put(root, path, "DeviceFileMinor: %u\nDeviceFileMode: 292\nDeviceFileModify: 1\n", minor) && simnode_put(root, device, "%s", "");
}

static bool put_instances(const struct simnode *options, unsigned gpu, const struct mig_state *mig)
{
    char path[128];
    bool good = true;
    for (unsigned gi = 0; good && gi < MIG_INSTANCES; gi++) {
        for (unsigned ci = 0; good && ci < COMPUTE_PLACES; ci++) {
            bool there = ci < MIG_SLICES && mig_has_compute(mig, gi, ci);
            snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/gpu%u/mig/gi%u/ci%u%s", gpu, gi, ci, there ? "/access" : "");
            if (there) good = put_capability(options->root, path, minor_of(gpu, gi, (int)ci));
            else {
                good = simnode_remove(options->root, path);
                snprintf(path, sizeof path, "dev/nvidia-caps/nvidia-cap%u", minor_of(gpu, gi, (int)ci));
                good = good && simnode_remove(options->root, path);
            }
        }
        bool there = mig->instance[gi].profile != NULL;
        snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/gpu%u/mig/gi%u%s", gpu, gi, there ? "/access" : "");
        if (there) good = good && put_capability(options->root, path, minor_of(gpu, gi, -1));
        else {
            good = good && simnode_remove(options->root, path);
            snprintf(path, sizeof path, "dev/nvidia-caps/nvidia-cap%u", minor_of(gpu, gi, -1));
            good = good && simnode_remove(options->root, path);
        }
    }
    return good;
}

bool simnode_put_mig_minors(const struct simnode *options, const struct node_model *model)
{
    static char text[SIM_MAX_GPUS * MIG_INSTANCES * (COMPUTE_PLACES + 1) * 32];
    bool any = false;
    size_t used = (size_t)snprintf(text, sizeof text, "config 1\nmonitor 2\n");
    for (unsigned gpu = 0; gpu < model->gpus; gpu++) {
        any = any || model->gpu[gpu]->mig != NULL;
        for (unsigned gi = 0; gi < MIG_INSTANCES; gi++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "gpu%u/gi%u/access %u\n", gpu, gi, minor_of(gpu, gi, -1));
            for (int ci = 0; ci < COMPUTE_PLACES; ci++)
                used += (size_t)snprintf(text + used, sizeof text - used, "gpu%u/gi%u/ci%d/access %u\n", gpu, gi, ci, minor_of(gpu, gi, ci));
        }
    }
    return !any || (simnode_put(options->root, "proc/driver/nvidia-caps/mig-minors", "%s", text)
                    && put_capability(options->root, "proc/driver/nvidia/capabilities/mig/config", 1)
                    && put_capability(options->root, "proc/driver/nvidia/capabilities/mig/monitor", 2));
}

static bool put_driver_files(const struct simnode *options, const struct scenario *scenario, unsigned gpu, const struct gpu_state *state,
                             const char *address)
{
    const struct node_model *model = scenario->model;
    const char *name = scenario->gpu[gpu].name;
    char path[128], uuid[41];
    node_model_uuid(model, gpu, uuid);
    snprintf(path, sizeof path, "proc/driver/nvidia/gpus/%s/information", address);
    return simnode_put(options->root, path, "Model: \t\t %s\nGPU UUID: \t %s\nVideo BIOS: \t %s\nBus Location: \t %s\nDevice Minor: \t %u\n",
                       *name != '\0' ? name : model->gpu[gpu]->gpu_name, uuid, model->gpu[gpu]->vbios, address, gpu)
        && (snprintf(path, sizeof path, "dev/nvidia%u", gpu), simnode_put(options->root, path, "%s", ""))
        && (model->gpu[gpu]->mig == NULL || put_instances(options, gpu, &state->mig));
}

static bool remove_driver_files(const struct simnode *options, unsigned gpu, const char *address)
{
    char path[128];
    const struct mig_state none = { 0 };
    snprintf(path, sizeof path, "proc/driver/nvidia/gpus/%s", address);
    return simnode_remove(options->root, path)
        && (snprintf(path, sizeof path, "dev/nvidia%u", gpu), simnode_remove(options->root, path))
        && put_instances(options, gpu, &none)
        && (snprintf(path, sizeof path, "proc/driver/nvidia/capabilities/gpu%u", gpu), simnode_remove(options->root, path));
}

bool simnode_put_gpu(const struct simnode *options, const struct scenario *scenario, unsigned gpu, const struct gpu_state *state)
{
    const struct node_model *model = scenario->model;
    const struct gpu_override *override = &scenario->gpu[gpu];
    const unsigned display_controller_3d = 0x030200;
    char address[16], path[128];
    node_model_address(&model->place[gpu], address);
    if (state->removed) {
        snprintf(path, sizeof path, "sys/bus/pci/devices/%s", address);
        return remove_driver_files(options, gpu, address) && simnode_remove(options->root, path);
    }
    struct pci_device pci = { address, state->unbound ? NULL : "nvidia", model->gpu[gpu]->pci_device, model->gpu[gpu]->pci_subsystem,
                              display_controller_3d, model->gpu[gpu]->pcie_generation,
                              override->numa_set ? override->numa : model->place[gpu].numa };
    return simnode_put_pci(options->root, &pci)
        && (state->unbound ? remove_driver_files(options, gpu, address) : put_driver_files(options, scenario, gpu, state, address));
}
