/* The commands about NPUs, MLUs and Intel's GPUs, as a table like that of GPUs. */
#include "command_patterns.h"

#include <string.h>

#define NUMBER(meaning, lowest, highest) { { meaning, lowest, highest } }
#define NPU PATTERN_NPU
#define MLU PATTERN_MLU
#define BOTH (PATTERN_NPU | PATTERN_MLU)
#define INTEL PATTERN_INTEL
#define ALL (BOTH | INTEL)
#define CODE { "0xCODE", 1, UINT32_MAX }
#define COUNT { "COUNT", 1, 1000000000 }
#define PID { "PID", 1, 4194304 }
#define LINK { "L", 0, 0 } /* the model says the highest */
#define WORD(meaning) { { meaning, 0, 0 } }
#define PART { "ID", 0, UNIT_PARTS - 1 }

const struct pattern unit_patterns[] = {
    { "fault # cleared", UNIT_FAULT_CLEARED, { CODE }, 0, NPU },
    { "fault # once", UNIT_FAULT_ONCE, { CODE }, 0, NPU },
    { "fault # minor", UNIT_FAULT, { CODE }, 1, NPU },
    { "fault # major", UNIT_FAULT, { CODE }, 2, NPU },
    { "fault # critical", UNIT_FAULT, { CODE }, 3, NPU },
    { "fault #", UNIT_FAULT, { CODE }, 2, NPU },
    { "xid #", SIM_XID, NUMBER("CODE", 1, INT64_MAX), 0, MLU },
    { "lost", SIM_LOST, { { 0 } }, 0, ALL },
    { "hang", SIM_HANG, { { 0 } }, 0, ALL },
    { "unhang", SIM_UNHANG, { { 0 } }, 0, ALL },
    { "health by-faults", UNIT_HEALTH, { { 0 } }, SIM_UNSET, BOTH },
    { "health absent", UNIT_HEALTH, { { 0 } }, -1, NPU },
    { "health #", UNIT_HEALTH, NUMBER("0 to 3", 0, 3), 0, NPU },
    { "health bad", UNIT_HEALTH, { { 0 } }, 0, MLU },
    { "health good", UNIT_HEALTH, { { 0 } }, 1, MLU },
    { "device-state #", UNIT_DEVICE_STATE, NUMBER("STATE", 0, 255), 0, MLU },
    { "driver-state #", UNIT_DRIVER_STATE, NUMBER("STATE", 0, 255), 0, MLU },
    { "incident * warn", UNIT_INCIDENT, WORD("NAME"), 1, MLU },
    { "incident * fail", UNIT_INCIDENT, WORD("NAME"), 2, MLU },
    { "incident * over", UNIT_INCIDENT, WORD("NAME"), 0, MLU },
    { "heartbeat stops", UNIT_HEART, { { 0 } }, 0, MLU },
    { "heartbeat goes", UNIT_HEART, { { 0 } }, 1, MLU },
    { "compute-mode #", UNIT_COMPUTE_MODE, NUMBER("0 to 2", 0, 2), 0, MLU },
    { "ecc corrected #", SIM_ECC_CORRECTED, { COUNT }, 0, BOTH },
    { "ecc uncorrected #", SIM_ECC_UNCORRECTED, { COUNT }, 0, BOTH },
    { "isolated corrected #", UNIT_ISOLATED, { COUNT }, 0, NPU },
    { "isolated uncorrected #", UNIT_ISOLATED, { COUNT }, 1, NPU },
    { "remap correctable #", UNIT_ISOLATED, { COUNT }, 0, MLU },
    { "remap uncorrectable #", UNIT_ISOLATED, { COUNT }, 1, MLU },
    { "remap pending", SIM_REMAP_PENDING, { { 0 } }, 0, MLU },
    { "remap failed", SIM_REMAP_FAILED, { { 0 } }, 0, MLU },
    { "retire pending", UNIT_RETIRE_PENDING, { { 0 } }, 0, MLU },
    { "throttle #", SIM_THROTTLE, NUMBER("0xBITS", 0, 0x3f), 0, MLU },
    { "temperature #", SIM_TEMPERATURE, NUMBER("C", -40, 150), 0, ALL },
    { "power #", SIM_POWER, NUMBER("W", 0, 2000), 0, ALL },
    { "utilization #", SIM_UTILIZATION, NUMBER("PERCENT", 0, 100), 0, ALL },
    { "memory #", UNIT_MEMORY, NUMBER("USED_MIB", 0, 1000000), 0, ALL },
    { "clock #", SIM_CLOCK, NUMBER("MHZ", 0, 10000), 0, ALL },
    { "link # down", SIM_LINK_DOWN, { LINK }, 0, ALL },
    { "link # up", SIM_LINK_UP, { LINK }, 0, ALL },
    { "link # crc #", SIM_LINK_ERRORS, { LINK, COUNT }, 0, BOTH },
    { "link # replay #", SIM_LINK_ERRORS, { LINK, COUNT }, 1, BOTH },
    { "pcie replay #", SIM_PCIE_ERRORS, { COUNT }, 0, MLU },
    { "roce down", UNIT_ROCE, { { 0 } }, 1, NPU },
    { "roce up", UNIT_ROCE, { { 0 } }, 0, NPU },
    { "network-health #", UNIT_NETWORK, NUMBER("0 to 8", 0, 8), 0, NPU },
    { "process # ends", SIM_PROCESS_ENDS, { PID }, 0, ALL },
    { "process # #", SIM_PROCESS, { PID, { "MEMORY_MIB", 0, 1000000 } }, 0, ALL },
    { "vnpu create *", UNIT_PART, WORD("TEMPLATE"), 0, NPU },
    { "vnpu # destroy", UNIT_PART_ENDS, { PART }, 0, NPU },
    { "mim off", UNIT_MODE, { { 0 } }, 0, MLU },
    { "mim on", UNIT_MODE, { { 0 } }, 1, MLU },
    { "mim create *", UNIT_PART, WORD("PROFILE"), 0, MLU },
    { "mim # destroy", UNIT_PART_ENDS, { PART }, 0, MLU },
    { "smlu off", UNIT_MODE, { { 0 } }, 2, MLU },
    { "smlu on", UNIT_MODE, { { 0 } }, 3, MLU },
    { "smlu create # #", UNIT_SHARE, { { "VCORE", 1, 100 }, { "MEMORY_MIB", 1, 1000000 } }, 0, MLU },
    { "smlu # destroy", UNIT_PART_ENDS, { PART }, 0, MLU },
    { "vf #", UNIT_VFS, NUMBER("COUNT", 0, 8), 0, MLU },
    { "error * #", INTEL_RAS, { { "FILE", 0, 0 }, COUNT }, 0, INTEL },
    { "ras correctable * cleared", INTEL_RAS_CLEARED, WORD("CATEGORY"), 0, INTEL },
    { "ras uncorrectable * cleared", INTEL_RAS_CLEARED, WORD("CATEGORY"), 1, INTEL },
    { "ras correctable * #", INTEL_RAS, { { "CATEGORY", 0, 0 }, COUNT }, 0, INTEL },
    { "ras uncorrectable * #", INTEL_RAS, { { "CATEGORY", 0, 0 }, COUNT }, 1, INTEL },
    { "memory-health unknown", INTEL_MEMORY_HEALTH, { { 0 } }, 0, INTEL },
    { "memory-health ok", INTEL_MEMORY_HEALTH, { { 0 } }, 1, INTEL },
    { "memory-health degraded", INTEL_MEMORY_HEALTH, { { 0 } }, 2, INTEL },
    { "memory-health critical", INTEL_MEMORY_HEALTH, { { 0 } }, 3, INTEL },
    { "memory-health replace", INTEL_MEMORY_HEALTH, { { 0 } }, 4, INTEL },
    { "pcie-link good", INTEL_PCI_STATUS, { { 0 } }, 1, INTEL },
    { "pcie-link quality", INTEL_PCI_STATUS, { { 0 } }, 2, INTEL },
    { "pcie-link stability", INTEL_PCI_STATUS, { { 0 } }, 3, INTEL },
    { "pcie replay #", SIM_PCIE_ERRORS, { COUNT }, 0, INTEL },
    { "link # degraded", INTEL_LINK_DEGRADED, { LINK }, 0, INTEL },
    { "throttle thermal #", INTEL_THROTTLE_ONE, NUMBER("0 or 1", 0, 1), 8, INTEL },
    { "throttle pl1 #", INTEL_THROTTLE_ONE, NUMBER("0 or 1", 0, 1), 1, INTEL },
    { "throttle #", SIM_THROTTLE, NUMBER("0xBITS", 0, 0x3ff), 0, INTEL },
    { "work # #", INTEL_WORK, { { "JOULES", 0, 1000000000 }, { "ASLEEP_MS", 0, 1000000000 } }, 0, INTEL },
    { "vfs #", UNIT_VFS, NUMBER("COUNT", 0, 64), 0, INTEL },
    { "wedged", INTEL_WEDGED, { { 0 } }, 0, INTEL },
    { "repair pending", INTEL_REPAIR, { { 0 } }, 0, INTEL },
    { "survivability on", INTEL_SURVIVABILITY, { { 0 } }, 1, INTEL },
    { "survivability off", INTEL_SURVIVABILITY, { { 0 } }, 0, INTEL },
    { "remove", SIM_REMOVE, { { 0 } }, 0, ALL },
    { "add", SIM_ADD, { { 0 } }, 0, ALL },
    { "unbind", SIM_UNBIND, { { 0 } }, 0, ALL },
    { "bind", SIM_BIND, { { 0 } }, 0, ALL },
    { "outband off", UNIT_OUTBAND, { { 0 } }, 1, NPU },
    { "outband on", UNIT_OUTBAND, { { 0 } }, 0, NPU },
    { "reset fails", UNIT_RESET_WORKS, { { 0 } }, 0, ALL },
    { "reset works", UNIT_RESET_WORKS, { { 0 } }, 1, ALL },
    { "reset", SIM_RESET, { { 0 } }, 0, ALL },
    { "lies enum", SIM_LIES, { { 0 } }, LIES_ENUM, ALL },
    { "lies absurd", SIM_LIES, { { 0 } }, LIES_ABSURD, ALL },
    { "lies duplicate-uuid", SIM_LIES, { { 0 } }, LIES_UUID, ALL },
    { "lies size", SIM_LIES, { { 0 } }, LIES_SIZE, MLU },
    { "lies empty", SIM_LIES, { { 0 } }, LIES_EMPTY, ALL },
    { "lies off", SIM_LIES, { { 0 } }, 0, ALL },
};
const size_t unit_pattern_count = sizeof unit_patterns / sizeof unit_patterns[0];

/* By cndevHealthError_t. */
static const char *const incidents[UNIT_INCIDENTS] = {
    "OK", "UNKNOWN", "INTERNAL", "XID_ERROR", "PCIE_REPLAY_RATE", "PCIE_GENERATION", "PCIE_WIDTH", "LOW_BANDWIDTH", "HIGH_LATENCY",
    "MLULINK_DOWN", "MLULINK_REPLAY", "MLULINK_ERROR_THRESHOLD", "MLULINK_CRC_ERROR_THRESHOLD", "DIE2DIE_CRC_ERROR_THRESHOLD",
    "SBE_VIOLATION", "DBE_VIOLATION", "SBE_THRESHOLD_VIOLATION", "DBE_THRESHOLD_VIOLATION", "ROW_REMAP_FAILURE", "PENDING_ROW_REMAP",
    "ADDRESSSWAP_FAILURE", "PENDING_ADDRESSSWAP", "REPAIR_FAILURE", "PENDING_PAGE_REPAIR", "PENDING_PAGE_RETIREMENTS",
    "PAGE_REPAIR_RESOURCE_THRESHOLD", "TEMP_VIOLATION", "THERMAL_VIOLATION", "DEVICE_COUNT_MISMATCH", "DRIVER_ERROR", "DEVSYS_ERROR",
};

const char *unit_incident_name(unsigned code) { return code < UNIT_INCIDENTS ? incidents[code] : NULL; }

bool unit_incident_find(const char *name, unsigned *code)
{
    for (*code = 1; *code < UNIT_INCIDENTS; ++*code)
        if (strcmp(incidents[*code], name) == 0) return true;
    return false;
}
