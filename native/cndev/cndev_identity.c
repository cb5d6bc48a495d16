/* Who a card is: name, serial, UUID, versions, PCI, place. */
#define _GNU_SOURCE
#include "cndev_library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The scenario's version of the driver on a node without GPUs, where it would be theirs. */
static void driver_version(uint32_t out[3])
{
    memcpy(out, cndev_build.version, sizeof cndev_build.version);
    pthread_mutex_lock(&library.lock);
    const char *text = library.state.driver_version;
    if (*text != '\0' && library.scenario->model->gpus == 0) sscanf(text, "%u.%u.%u", &out[0], &out[1], &out[2]);
    library_unlock();
}

EXPORT cndevRet_t cndevGetVersionInfo(cndevVersionInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    uint32_t version[3];
    ENTER_VERSIONED(device, info, &mlu);
    driver_version(version);
    info->mcuMajorVersion = 1, info->mcuMinorVersion = 1, info->mcuBuildVersion = 4;
    info->driverMajorVersion = version[0], info->driverMinorVersion = version[1], info->driverBuildVersion = version[2];
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetDriverVersion(uint32_t *major, uint32_t *minor, uint32_t *build)
{
    uint32_t version[3];
    cndevRet_t result = cndev_enter(__func__, major != NULL && minor != NULL && build != NULL);
    if (result != CNDEV_SUCCESS) return result;
    driver_version(version);
    *major = version[0], *minor = version[1], *build = version[2];
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetLibVersion(cndevLibVersionInfo_t *info)
{
    cndevRet_t result = cndev_enter(__func__, info != NULL);
    if (result != CNDEV_SUCCESS) return result;
    if (info->version != cndev_build.structs) return CNDEV_ERROR_UNSUPPORTED_API_VERSION;
    info->libMajorVersion = cndev_build.version[0], info->libMinorVersion = cndev_build.version[1], info->libBuildVersion = cndev_build.version[2];
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetCardName(cndevCardName_t *name, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, name, &mlu);
    name->id = lies(&mlu, LIES_ENUM) ? 999 : mlu.model->type;
    return CNDEV_SUCCESS;
}

/* A static text for the caller's thread; NULL for no card. */
EXPORT const char *cndevGetCardNameStringByDevId(cndevDevice_t device)
{
    static _Thread_local char name[32];
    struct mlu_view mlu;
    if (cndev_enter_mlu(__func__, device, true, NULL, &mlu) != CNDEV_SUCCESS) return NULL;
    snprintf(name, sizeof name, "%s", mlu.name);
    return name;
}

EXPORT const char *cndevGetCardNameString(uint32_t type)
{
    switch (type) {
    case 20: return "MLU290";
    case 23: return "MLU370";
    case 24: return "MLU365";
    case 26: return "MLU590";
    case 27: return "MLU585";
    case 30: return "MLU580";
    case 31: return "MLU570";
    default: return "UNKNOWN";
    }
}

EXPORT cndevRet_t cndevGetCardSN(cndevCardSN_t *serial, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, serial, &mlu);
    serial->sn = unit_serial(mlu.group, mlu.slot);
    serial->motherBoardSn = unit_serial(mlu.group, 0) + 0x1000;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetUUID(cndevUUID_t *uuid, cndevDevice_t device)
{
    struct mlu_view mlu;
    char text[37];
    ENTER_VERSIONED(device, uuid, &mlu);
    unsigned whose = lies(&mlu, LIES_UUID) ? (mlu.slot + 1) % mlu.units : mlu.slot;
    unit_uuid(mlu.group, whose, UINT32_MAX, text);
    memcpy(uuid->uuid, text, sizeof uuid->uuid);
    uuid->ncsUUID64 = sim_hash(0, text, sizeof text);
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetPCIeInfoV2(cndevPCIeInfoV2_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, info != NULL, &mlu);
    const struct unit_place place = unit_place(mlu.group, mlu.slot);
    *info = (cndevPCIeInfoV2_t){
        .subsystemId = mlu.model->pci_subsystem >> 16, .deviceId = mlu.model->pci_device >> 16, .vendor = mlu.model->pci_device & 0xffff,
        .subsystemVendor = mlu.model->pci_subsystem & 0xffff, .domain = place.domain, .bus = place.bus,
        .moduleId = (uint16_t)mlu.slot, .slotId = (uint16_t)(mlu.slot + 1),
    };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetCurrentPCIInfo(cndevCurrentPCIInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    info->currentSpeed = lies(&mlu, LIES_ABSURD) ? 99 : (int32_t)mlu.model->pcie_generation;
    info->currentWidth = 16;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMaxPCIInfo(cndevPCIInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    info->maxSpeed = (int32_t)mlu.model->pcie_generation;
    info->maxWidth = 16;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetNUMANodeIdByDevId(cndevNUMANodeId_t *numa, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, numa, &mlu);
    numa->nodeId = mlu.numa;
    return CNDEV_SUCCESS;
}

/* The CPUs of the card's NUMA node. */
EXPORT cndevRet_t cndevGetDeviceAffinity(cndevAffinity_t *affinity, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, affinity, &mlu);
    const unsigned each = mlu.node->cpus_per_numa;
    if (mlu.numa < 0) return CNDEV_ERROR_NOT_SUPPORTED;
    memset(affinity->cpuAffinityBitMap, 0, sizeof affinity->cpuAffinityBitMap);
    affinity->cpuCount = each * mlu.node->numa_nodes;
    const unsigned bits = sizeof affinity->cpuAffinityBitMap * 8;
    for (unsigned cpu = (unsigned)mlu.numa * each; cpu < ((unsigned)mlu.numa + 1) * each && cpu < bits; cpu++)
        affinity->cpuAffinityBitMap[cpu / 32] |= UINT32_C(1) << cpu % 32;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevTopologyGetRelationship(cndevTopologyRelationship_t *relation, cndevDevice_t device1, cndevDevice_t device2)
{
    enum { SELF, SINGLE_SWITCH = 2, HOST_BRIDGE = 4, SYSTEM = 6 };
    struct mlu_view one, other;
    ENTER_VERSIONED(device1, relation, &one);
    ENTER_PLAIN(device2, true, &other);
    const struct unit_place a = unit_place(one.group, one.slot), b = unit_place(other.group, other.slot);
    if (one.slot == other.slot) relation->relation = SELF;
    else if (a.domain == b.domain && a.bus / 16 == b.bus / 16) relation->relation = SINGLE_SWITCH;
    else relation->relation = one.numa == other.numa ? HOST_BRIDGE : SYSTEM;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetCoreCount(cndevCardCoreCount_t *cores, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, cores, &mlu);
    cores->count = (int32_t)mlu.model->cores;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetClusterCount(cndevCardClusterCount_t *clusters, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, clusters, &mlu);
    clusters->count = (int32_t)mlu.model->cores / 4;
    return CNDEV_SUCCESS;
}
