/* The commands of a timeline, as one table: its patterns are grammar, validation and error text in one. */
#include "command_patterns.h"

#define NUMBER(meaning, lowest, highest) { { meaning, lowest, highest } }
#define GI { "GI", 0, MIG_INSTANCES - 1 }
#define CI { "CI", 0, MIG_SLICES - 1 }
#define XID { "CODE", 1, 999 }
#define PID { "PID", 1, 4194304 }
#define MIB { "MEMORY_MIB", 0, 1000000 }
#define LINK { "L", 0, 0 } /* the model says the highest */

/* 0 compute, 1 graphics, 2 MPS: nvmlProcessDetailList_t.mode. */
enum { COMPUTE, GRAPHICS, MPS };

const struct pattern gpu_patterns[] = {
    { "xid #", SIM_XID, { XID }, 0, 0 },
    { "lost", SIM_LOST, { { 0 } }, 0, 0 },
    { "hang", SIM_HANG, { { 0 } }, 0, 0 },
    { "unhang", SIM_UNHANG, { { 0 } }, 0, 0 },
    { "ecc corrected #", SIM_ECC_CORRECTED, NUMBER("COUNT", 1, 1000000000), 0, 0 },
    { "ecc uncorrected #", SIM_ECC_UNCORRECTED, NUMBER("COUNT", 1, 1000000000), 0, 0 },
    { "ecc sram #", SIM_ECC_SRAM, NUMBER("COUNT", 1, 1000000000), 0, 0 },
    { "ecc sram-threshold", SIM_ECC_SRAM_THRESHOLD, { { 0 } }, 0, 0 },
    { "ecc storm", SIM_EVENT, { { 0 } }, 0x200, 0 },
    { "dram-retirement", SIM_EVENT, { { 0 } }, 0x400, 0 },
    { "dram-retirement failed", SIM_EVENT, { { 0 } }, 0x800, 0 },
    { "poison non-fatal", SIM_EVENT, { { 0 } }, 0x1000, 0 },
    { "poison fatal", SIM_EVENT, { { 0 } }, 0x2000, 0 },
    { "power-source changed", SIM_EVENT, { { 0 } }, 0x80, 0 },
    { "unavailable", SIM_UNAVAILABLE, { { 0 } }, 0, 0 },
    { "recovery-action #", SIM_RECOVERY, NUMBER("ACTION", 0, 7), 0, 0 },
    { "remap pending", SIM_REMAP_PENDING, { { 0 } }, 0, 0 },
    { "remap failed", SIM_REMAP_FAILED, { { 0 } }, 0, 0 },
    { "remap uncorrectable #", SIM_REMAP_UNCORRECTABLE, NUMBER("COUNT", 1, 512), 0, 0 },
    { "remap correctable #", SIM_REMAP_CORRECTABLE, NUMBER("COUNT", 1, 512), 0, 0 },
    { "repair channel", SIM_REPAIR, { { 0 } }, 1, 0 },
    { "repair tpc", SIM_REPAIR, { { 0 } }, 2, 0 },
    { "repair done", SIM_REPAIR, { { 0 } }, 0, 0 },
    { "unrepairable", SIM_UNREPAIRABLE, { { 0 } }, 0, 0 },
    { "inforom corrupted", SIM_INFOROM, { { 0 } }, 1, 0 },
    { "inforom valid", SIM_INFOROM, { { 0 } }, 0, 0 },
    { "throttle #", SIM_THROTTLE, NUMBER("0xBITS", 0, 0x1ff), 0, 0 },
    { "temperature #", SIM_TEMPERATURE, NUMBER("C", -40, 150), 0, 0 },
    { "power #", SIM_POWER, NUMBER("W", 0, 2000), 0, 0 },
    { "utilization #", SIM_UTILIZATION, NUMBER("PERCENT", 0, 100), 0, 0 },
    { "pstate #", SIM_PSTATE, NUMBER("P", 0, 15), 0, 0 },
    { "clock #", SIM_CLOCK, NUMBER("MHZ", 0, 10000), 0, 0 },
    { "link # down", SIM_LINK_DOWN, { LINK }, 0, 0 },
    { "link # up", SIM_LINK_UP, { LINK }, 0, 0 },
    { "link # replay #", SIM_LINK_ERRORS, { LINK, { "COUNT", 1, 1000000000 } }, 0, 0 },
    { "link # recovery #", SIM_LINK_ERRORS, { LINK, { "COUNT", 1, 1000000000 } }, 1, 0 },
    { "link # crc #", SIM_LINK_ERRORS, { LINK, { "COUNT", 1, 1000000000 } }, 2, 0 },
    { "pcie replay #", SIM_PCIE_ERRORS, NUMBER("COUNT", 1, 1000000000), 0, 0 },
    { "pcie correctable #", SIM_PCIE_ERRORS, NUMBER("COUNT", 1, 1000000000), 1, 0 },
    { "pcie non-fatal #", SIM_PCIE_ERRORS, NUMBER("COUNT", 1, 1000000000), 2, 0 },
    { "pcie fatal #", SIM_PCIE_ERRORS, NUMBER("COUNT", 1, 1000000000), 3, 0 },
    { "fabric not-started", SIM_FABRIC, { { 0 } }, 1, 0 },
    { "fabric in-progress", SIM_FABRIC, { { 0 } }, 2, 0 },
    { "fabric completed", SIM_FABRIC, { { 0 } }, 3, 0 },
    { "fabric health #", SIM_FABRIC_HEALTH, NUMBER("0xMASK", 0, 0x3fff), 0, 0 },
    { "process # ends", SIM_PROCESS_ENDS, { PID }, 0, 0 },
    { "process # #", SIM_PROCESS, { PID, MIB }, COMPUTE, 0 },
    { "process # # # #", SIM_MIG_PROCESS, { PID, MIB, GI, CI }, COMPUTE, 0 },
    { "graphics-process # #", SIM_PROCESS, { PID, MIB }, GRAPHICS, 0 },
    { "mps-process # #", SIM_PROCESS, { PID, MIB }, MPS, 0 },
    { "vgpu #", SIM_VGPU, NUMBER("COUNT", 0, 8), 0, 0 },
    { "mig off", SIM_MIG_MODE, { { 0 } }, 2, 0 },
    { "mig on", SIM_MIG_MODE, { { 0 } }, 3, 0 },
    { "mig *", SIM_MIG, { { "PROFILES", 0, 0 } }, 0, 0 },
    { "mig * *", SIM_MIG, { { "PROFILE", 0, 0 }, { "xCOUNT", 0, 0 } }, 0, 0 },
    { "mig-mode #", SIM_MIG_MODE, NUMBER("0 or 1", 0, 1), 0, 0 },
    { "mig-instance # xid #", SIM_MIG_XID, { GI, XID }, 0, 0 },
    { "mig-instance # # xid #", SIM_MIG_CI_XID, { GI, CI, XID }, 0, 0 },
    { "mig-instance create # #", SIM_MIG_GI_CREATE, { { "PROFILE_ID", 0, 63 }, { "START", 0, 7 } }, 0, 0 },
    { "mig-instance # destroy", SIM_MIG_GI_DESTROY, { GI }, 0, 0 },
    { "mig-instance # compute create # #", SIM_MIG_CI_CREATE, { GI, { "PROFILE_ID", 0, MIG_COMPUTE_PROFILES - 1 }, { "START", 0, 6 } }, 0, 0 },
    { "mig-instance # compute # destroy", SIM_MIG_CI_DESTROY, { GI, CI }, 0, 0 },
    { "remove", SIM_REMOVE, { { 0 } }, 0, 0 },
    { "add", SIM_ADD, { { 0 } }, 0, 0 },
    { "unbind", SIM_UNBIND, { { 0 } }, 0, 0 },
    { "bind", SIM_BIND, { { 0 } }, 0, 0 },
    { "drain on", SIM_DRAIN, { { 0 } }, 1, 0 },
    { "drain off", SIM_DRAIN, { { 0 } }, 0, 0 },
    { "lies enum", SIM_LIES, { { 0 } }, LIES_ENUM, 0 },
    { "lies absurd", SIM_LIES, { { 0 } }, LIES_ABSURD, 0 },
    { "lies duplicate-uuid", SIM_LIES, { { 0 } }, LIES_UUID, 0 },
    { "lies size", SIM_LIES, { { 0 } }, LIES_SIZE, 0 },
    { "lies off", SIM_LIES, { { 0 } }, 0, 0 },
    { "reset", SIM_RESET, { { 0 } }, 0, 0 },
};
const size_t gpu_pattern_count = sizeof gpu_patterns / sizeof gpu_patterns[0];

const struct pattern node_patterns[] = {
    { "segv", SIM_SEGV, { { 0 } }, 0, 0 },
    { "segv always", SIM_SEGV_ALWAYS, { { 0 } }, 0, 0 },
    { "boot", SIM_BOOT, { { 0 } }, 0, 0 },
    { "event-wait fails", SIM_WAIT_FAILS, { { 0 } }, 0, 0 },
    { "event-wait works", SIM_WAIT_WORKS, { { 0 } }, 0, 0 },
    { "confidential off", SIM_CONFIDENTIAL, { { 0 } }, 0, 0 },
    { "confidential on", SIM_CONFIDENTIAL, { { 0 } }, 1, 0 },
    { "confidential ready", SIM_CONFIDENTIAL, { { 0 } }, 2, 0 },
    { "driver-version *", SIM_DRIVER_VERSION, { { "VERSION", 0, 0 } }, 0, 0 },
};
const size_t node_pattern_count = sizeof node_patterns / sizeof node_patterns[0];
