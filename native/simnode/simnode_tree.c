/* The host's files as far as an agent reads them: PCI, boot id, driver version, device nodes, the kubelet's folder. */
#define _GNU_SOURCE
#include "simnode.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool complain(const char *path)
{
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return false;
}

/* Makes the folders up to the last slash. */
static bool make_folders(const char *path)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0755) != 0 && errno != EEXIST) return complain(folder);
        *slash = '/';
    }
    return true;
}

/* Puts the text under ROOT/PATH. It is renamed into place: a reader sees the old text or the new, never none. */
static bool put(const char *root, const char *path, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool put(const char *root, const char *path, const char *format, ...)
{
    char target[PATH_MAX], next[PATH_MAX + 8];
    snprintf(target, sizeof target, "%s/%s", root, path);
    snprintf(next, sizeof next, "%s.next", target);
    FILE *file = fopen(next, "we");
    if (file == NULL && errno == ENOENT) {
        if (!make_folders(target)) return false;
        file = fopen(next, "we");
    }
    if (file == NULL) return complain(next);
    va_list arguments;
    va_start(arguments, format);
    bool good = vfprintf(file, format, arguments) >= 0;
    va_end(arguments);
    good = fclose(file) == 0 && good;
    return (good && rename(next, target) == 0) || complain(target);
}

static const char *link_speed(unsigned generation)
{
    static const char *const speeds[] = { "2.5", "2.5", "5.0", "8.0", "16.0", "32.0" };
    return speeds[generation];
}

static bool put_pci(const struct simnode *options, unsigned bus, uint32_t device, uint32_t subsystem, unsigned class,
                    int numa, unsigned generation)
{
    char path[128];
    bool good = true;
#define FILE_OF(name, ...) \
    (snprintf(path, sizeof path, "sys/bus/pci/devices/0000:%02x:00.0/" name, bus), good = good && put(options->root, path, __VA_ARGS__))
    FILE_OF("vendor", "0x%04x\n", device & 0xffff);
    FILE_OF("device", "0x%04x\n", device >> 16);
    FILE_OF("subsystem_vendor", "0x%04x\n", subsystem & 0xffff);
    FILE_OF("subsystem_device", "0x%04x\n", subsystem >> 16);
    FILE_OF("class", "0x%06x\n", class);
    FILE_OF("revision", "0xa1\n");
    FILE_OF("numa_node", "%d\n", numa);
    FILE_OF("current_link_speed", "%s GT/s PCIe\n", link_speed(generation));
    FILE_OF("max_link_speed", "%s GT/s PCIe\n", link_speed(generation));
    FILE_OF("current_link_width", "16\n");
    FILE_OF("max_link_width", "16\n");
    FILE_OF("uevent", "DRIVER=nvidia\nPCI_CLASS=%05X\nPCI_ID=%04X:%04X\nPCI_SLOT_NAME=0000:%02x:00.0\n",
            class, device & 0xffff, device >> 16, bus);
#undef FILE_OF
    return good;
}

static bool put_gpu(const struct simnode *options, const struct scenario *scenario, unsigned gpu)
{
    const struct node_model *model = scenario->model;
    const struct gpu_override *override = &scenario->gpu[gpu];
    char path[128], uuid[41];
    node_model_uuid(model, gpu, uuid);
    snprintf(path, sizeof path, "proc/driver/nvidia/gpus/0000:%02x:00.0/information", model->place[gpu].bus);
    const unsigned display_controller_3d = 0x030200;
    return put_pci(options, model->place[gpu].bus, model->pci_device, model->pci_subsystem, display_controller_3d,
                   override->numa_set ? override->numa : model->place[gpu].numa, model->pcie_generation)
        && put(options->root, path, "Model: \t\t %s\nGPU UUID: \t %s\nVideo BIOS: \t %s\nBus Location: \t 0000:%02x:00.0\nDevice Minor: \t %u\n",
               *override->name != '\0' ? override->name : model->gpu_name, uuid, model->vbios, model->place[gpu].bus, gpu)
        && (snprintf(path, sizeof path, "dev/nvidia%u", gpu), put(options->root, path, "%s", ""));
}

/* Random-looking, and a pure function of the node's time zero and its boots: every writer writes the same. */
bool simnode_write_boot_id(const struct simnode *options, const struct sim_clock *clock, unsigned boots)
{
    uint64_t high = sim_hash((uint64_t)clock->epoch, &boots, sizeof boots), low = sim_hash(high, &boots, sizeof boots);
    return put(options->root, "proc/sys/kernel/random/boot_id", "%08x-%04x-4%03x-%04x-%012llx\n", (unsigned)(high >> 32),
               (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xfff, ((unsigned)(low >> 48) & 0x3fff) | 0x8000,
               (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

static bool put_node(const struct simnode *options, const struct scenario *scenario, const struct sim_clock *clock)
{
    struct sim_state state;
    sim_state_start(scenario, &state);
    sim_state_advance(scenario, &state, sim_clock_now(clock));

    const struct node_model *model = scenario->model;
    const char *driver = *scenario->driver_version != '\0' ? scenario->driver_version : "570.124.06";
    bool good = simnode_write_boot_id(options, clock, state.boots)
        && put(options->root, "proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  %s  Release Build  (AIInfra simulator)\n", driver)
        && put(options->root, "dev/nvidiactl", "%s", "")
        && put(options->root, "dev/nvidia-uvm", "%s", "")
        && put(options->root, "dev/nvidia-uvm-tools", "%s", "");
    for (unsigned gpu = 0; good && gpu < model->gpus; gpu++) good = put_gpu(options, scenario, gpu);
    const unsigned bridge = 0x068000;
    for (unsigned i = 0; good && i < model->switches; i++)
        good = put_pci(options, model->switch_bus[i], model->switch_device, 0, bridge, 0, 4);

    char kubelet[PATH_MAX];
    snprintf(kubelet, sizeof kubelet, "%s/var/lib/kubelet/device-plugins/", options->root);
    return good && make_folders(kubelet);
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
