/* What the kernel tells of a change: its log as the records of /dev/kmsg in STATE/kmsg, and its uevents in STATE/uevents. */
#define _GNU_SOURCE
#include "simnode_signs.h"
#include "simnode_files.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool signs_start(struct signs *signs, const struct simnode *options, int64_t booted_at)
{
    *signs = (struct signs){ .folder = options->state, .booted_at = booted_at };
    return simnode_put(options->state, "kmsg", "%s", "") && simnode_put(options->state, "uevents", "%s", "");
}

/* One record: priority, number, us since the boot, whole; facility 0 is the kernel's, level 4 a warning, as the driver logs. */
static bool log_line(struct signs *signs, int64_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool log_line(struct signs *signs, int64_t at, const char *format, ...)
{
    char text[512], record[640];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(record, sizeof record, "4,%" PRIu64 ",%" PRId64 ",-;%s\n", ++signs->logged, (at - signs->booted_at) / 1000, text);
    return simnode_append(signs->folder, "kmsg", record);
}

/* What the driver says after the code. */
static const char *xid_text(int64_t code)
{
    static const struct { int code; const char *text; } texts[] = {
        { 13, "Graphics SM Warp Exception on (GPC 2, TPC 5, SM 1): Out Of Range Address" },
        { 31, "Ch 0000000a, intr 00000000. MMU Fault: ENGINE GRAPHICS GPCCLIENT_T1_2 faulted @ 0x7e31_4c000000. Fault is of type FAULT_PDE ACCESS_TYPE_VIRT_READ" },
        { 43, "Ch 0000000c" },
        { 45, "Ch 00000004" },
        { 48, "An uncorrectable double bit error (DBE) has been detected on GPU in the framebuffer at partition 3, subpartition 1." },
        { 63, "Row Remapper: New row (0x00000000018a2c41) marked for remapping, reset gpu to activate." },
        { 64, "Row Remapper: Failed to mark row (0x00000000020d11f0) for remapping." },
        { 74, "NVLink: fatal error detected on link 6(0x0, 0x0, 0x10000, 0x0, 0x0, 0x0, 0x0)" },
        { 79, "GPU has fallen off the bus." },
        { 94, "Contained: CE User Channel (0x9). RST: No, D-RST: No" },
        { 95, "Uncontained: LTC TAG (0x2,0x0). RST: Yes, D-RST: No" },
        { 119, "Timeout after 6s of waiting for RPC response from GPU0 GSP! Expected function 76 (GSP_RM_CONTROL) (0x20802a02 0x8)." },
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].code == code) return texts[i].text;
    return "Ch 00000008";
}

static const char *recovery_name(unsigned action)
{
    static const char *const names[] = { "None", "GPU Reset Required", "Node Reboot Required", "Drain P2P", "Drain and Reset",
                                         "Recover IMEX Domain", "Bus Reset Required", "System Reboot Required" };
    return action < sizeof names / sizeof names[0] ? names[action] : "Unknown";
}

/* Before the first Xid of a GPU the driver says who it is. */
static bool introduce(struct signs *signs, const struct scenario *scenario, unsigned gpu, int64_t at, const char *where)
{
    char uuid[41], serial[30];
    if ((signs->introduced >> gpu & 1) != 0) return true;
    signs->introduced |= 1u << gpu;
    node_model_uuid(scenario->model, gpu, uuid);
    node_model_serial(scenario->model, gpu, serial);
    return log_line(signs, at, "NVRM: GPU at PCI:%s: %s", where, uuid) && log_line(signs, at, "NVRM: GPU Board Serial Number: %s", serial);
}

/* The owner of what failed: the first process that runs there. */
static void put_owner(const struct gpu_state *gpu, uint32_t gi, char out[64])
{
    snprintf(out, 64, "pid='<unknown>', name=<unknown>");
    for (size_t i = SIM_MAX_PROCESSES; i-- > 0;)
        if (sim_process_runs(&gpu->process[i]) && (gi == UINT32_MAX || gpu->process[i].gi == gi))
            snprintf(out, 64, "pid=%u, name=python3", gpu->process[i].pid);
}

static bool log_xid(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, const struct gpu_state *gpu)
{
    char where[16], instance[32] = "", owner[64];
    int64_t code = entry->action.value;
    snprintf(where, sizeof where, "%04x:%02x:00", scenario->model->place[entry->action.device].domain & 0xffff,
             scenario->model->place[entry->action.device].bus & 0xff);
    if (entry->gi != UINT32_MAX) snprintf(instance, sizeof instance, " GPU-I:%02u", entry->gi);
    put_owner(gpu, entry->gi, owner);
    bool good = introduce(signs, scenario, entry->action.device, entry->at, where)
        && log_line(signs, entry->at, "NVRM: Xid (PCI:%s%s): %lld, %s, %s", where, instance, (long long)code, owner, xid_text(code));
    const bool lost = code == 79;
    return good && (!lost || log_line(signs, entry->at, "NVRM: GPU %s.0: GPU has fallen off the bus.", where));
}

static bool log_recovery(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, unsigned now)
{
    const struct gpu_place *place = &scenario->model->place[entry->action.device];
    unsigned before = (unsigned)entry->recovery_before;
    return log_line(signs, entry->at, "NVRM: Xid (PCI:%04x:%02x:00): 154, GPU recovery action changed from 0x%x (%s) to 0x%x (%s)",
                    place->domain & 0xffff, place->bus & 0xff, before, recovery_name(before), now, recovery_name(now));
}

/* A uevent is its headline and its variables, one a line, and an empty line behind it. A device's bus is the root's. */
static bool uevent(struct signs *signs, const struct pci_device *pci, const char *action)
{
    char text[512], path[64];
    bool bound = strcmp(action, "bind") == 0;
    snprintf(path, sizeof path, "/devices/pci%.7s/%s", pci->address, pci->address); /* dddd:bb */
    snprintf(text, sizeof text,
             "%s@%s\nACTION=%s\nDEVPATH=%s\nSUBSYSTEM=pci\n%s%s%sPCI_CLASS=%X\nPCI_ID=%04X:%04X\nPCI_SUBSYS_ID=%04X:%04X\n"
             "PCI_SLOT_NAME=%s\nSEQNUM=%" PRIu64 "\n\n",
             action, path, action, path, bound ? "DRIVER=" : "", bound ? pci->driver : "", bound ? "\n" : "", pci->class, pci->device & 0xffff,
             pci->device >> 16, pci->subsystem & 0xffff, pci->subsystem >> 16, pci->address, ++signs->uevents);
    return simnode_append(signs->folder, "uevents", text);
}

/* The kernel's order: the driver goes before the device, and comes after it. */
static bool uevents(struct signs *signs, const struct pci_device *pci, enum sim_kind kind, bool unbound, bool bound)
{
    return (!unbound || uevent(signs, pci, "unbind")) && (kind != SIM_REMOVE || uevent(signs, pci, "remove"))
        && (kind != SIM_ADD || uevent(signs, pci, "add")) && (!bound || uevent(signs, pci, "bind"));
}

bool signs_of_unit(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, const struct unit_state *unit)
{
    char address[16];
    const struct pci_device pci = simnode_unit_pci(scenario, entry->action.target - TARGET_NPU, entry->action.device, unit, address);
    return uevents(signs, &pci, entry->action.kind, (entry->unit_events & EVENT_GONE) != 0, (entry->unit_events & EVENT_BACK) != 0);
}

bool signs_of_entry(struct signs *signs, const struct scenario *scenario, const struct sim_entry *entry, const struct gpu_state *gpu)
{
    unsigned slot = entry->action.device;
    bool good = true, unbound = entry->system_events == 1, bound = entry->system_events == 2;
    if ((entry->events & 8) != 0) good = log_xid(signs, scenario, entry, gpu);
    if (good && (entry->events & 0x8000) != 0) good = log_recovery(signs, scenario, entry, gpu->recovery);
    char address[16];
    const struct gpu_model *model = scenario->model->gpu[slot];
    const unsigned display_controller_3d = 0x030200;
    node_model_address(&scenario->model->place[slot], address);
    const struct pci_device pci = { address, "nvidia", model->pci_device, model->pci_subsystem, display_controller_3d, 0, 0 };
    return good && uevents(signs, &pci, entry->action.kind, unbound, bound);
}
