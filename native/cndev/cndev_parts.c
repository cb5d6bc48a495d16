/* Divided cards: instances (MIM, of profiles) and shares (sMLU, by quota and memory). */
#define _GNU_SOURCE
#include "cndev_library.h"

#include <stdio.h>
#include <string.h>

/* The handle of a part tells its card and its place; its id is the place and one. */
enum { PART_HANDLES = 0x10000, SHARE_MIB_BITS = 20, LONGEST_PROFILES = 9 };

cndevMluInstance_t cndev_part_handle(unsigned slot, unsigned part) { return PART_HANDLES + (cndevMluInstance_t)(slot * UNIT_PARTS + part); }

EXPORT cndevRet_t cndevGetMimMode(cndevMimMode_t *mode, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, mode, &mlu);
    if (mlu.model->profiles == NULL) return CNDEV_ERROR_NOT_SUPPORTED;
    mode->mimMode = lies(&mlu, LIES_ENUM) ? 9 : mlu.state.mim;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetSMLUMode(cndevSMLUMode_t *mode, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, mode, &mlu);
    mode->smluMode = mlu.state.smlu;
    return CNDEV_SUCCESS;
}

static cndevRet_t set_mode(const struct mlu_view *mlu, const char *name, uint32_t mode, bool now)
{
    if (mode > 1) return CNDEV_ERROR_INVALID_ARGUMENT;
    if (unit_processes(&mlu->state) > 0) return CNDEV_ERROR_IN_USE;
    return (mode == 1) == now ? CNDEV_SUCCESS : cndev_command(mlu->slot, "%s %s", name, mode == 1 ? "on" : "off");
}

EXPORT cndevRet_t cndevSetMimMode(cndevMimMode_t *mode, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, mode, &mlu);
    return mlu.model->profiles == NULL ? CNDEV_ERROR_NOT_SUPPORTED : set_mode(&mlu, "mim", mode->mimMode, mlu.state.mim);
}

EXPORT cndevRet_t cndevSetSMLUMode(cndevSMLUMode_t *mode, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, mode, &mlu);
    return set_mode(&mlu, "smlu", mode->smluMode, mlu.state.smlu);
}

EXPORT cndevRet_t cndevGetMluInstanceProfileInfo(cndevMluInstanceProfileInfo_t *info, int32_t profile, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    if (profile < 0 || profile >= LONGEST_PROFILES) return CNDEV_ERROR_INVALID_ARGUMENT;
    for (const struct unit_profile *one = mlu.model->profiles; one != NULL && one->name != NULL; one++) {
        if (one->id != (unsigned)profile) continue;
        *info = (cndevMluInstanceProfileInfo_t){ .version = info->version, .profileId = profile, .mluCoreCount = (int32_t)one->cores,
                                                 .vpuCount = (int32_t)one->codecs, .jpuCount = (int32_t)one->codecs,
                                                 .gdmaCount = (int32_t)one->slices, .memorySize = (int32_t)one->memory_mb };
        snprintf(info->name, sizeof info->name, "%s", one->name);
        return CNDEV_SUCCESS;
    }
    return CNDEV_ERROR_NOT_SUPPORTED;
}

static void put_instance(const struct mlu_view *mlu, unsigned part, cndevMluInstanceInfo_t *info)
{
    const struct unit_part *one = &mlu->state.part[part];
    const struct unit_place place = unit_place(mlu->group, mlu->slot);
    char uuid[37];
    const int32_t version = info->version;
    unit_uuid(mlu->group, mlu->slot, part, uuid);
    *info = (cndevMluInstanceInfo_t){
        .version = version, .parentDevice = cndev_handle(mlu->slot), .instanceId = (int32_t)part + 1, .profileId = (int32_t)one->profile->id,
        .domain = (int32_t)place.domain, .bus = (int32_t)place.bus, .placement = { version, (int32_t)one->start, (int32_t)one->profile->slices },
        .mluCoreCount = (int32_t)one->profile->cores, .vpuCount = (int32_t)one->profile->codecs, .jpuCount = (int32_t)one->profile->codecs,
        .gdmaCount = (int32_t)one->profile->slices, .memorySize = (int32_t)one->profile->memory_mb,
    };
    memcpy(info->uuid, uuid, sizeof info->uuid);
    snprintf(info->profileName, sizeof info->profileName, "%s", one->profile->name);
    snprintf(info->devNodeName, sizeof info->devNodeName, "/dev/cambricon-caps/cap_dev%u_mi%u", mlu->slot, part + 1);
    snprintf(info->ipcmDevNodeName, sizeof info->ipcmDevNodeName, "/dev/cambricon_ipcm%u", mlu->slot);
    snprintf(info->instanceName, sizeof info->instanceName, "mlu%u-mi%u", mlu->slot, part + 1);
}

/* *count is the room of the array, then what there is: 9 when that is more. Only the first struct's version counts. */
EXPORT cndevRet_t cndevGetAllMluInstanceInfo(int32_t *count, cndevMluInstanceInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_mlu, __func__, device, count != NULL && info != NULL, info != NULL ? &info->version : NULL, &mlu);
    if (mlu.model->profiles == NULL) return CNDEV_ERROR_NOT_SUPPORTED;
    const int32_t room = *count;
    *count = mlu.state.mim ? (int32_t)unit_parts(&mlu.state) : 0;
    if (*count > room) return CNDEV_ERROR_INSUFFICIENT_SPACE;
    for (unsigned part = 0, at = 0; part < UNIT_PARTS && at < (unsigned)*count; part++)
        if (mlu.state.part[part].used) put_instance(&mlu, part, &info[at++]);
    return CNDEV_SUCCESS;
}

/* A share's profile is its quota and its memory in one number. */
static int32_t share_profile(unsigned quota, uint64_t mib) { return (int32_t)(quota << SHARE_MIB_BITS | (unsigned)mib); }
static unsigned share_quota(int32_t profile) { return (unsigned)profile >> SHARE_MIB_BITS; }
static uint64_t share_mib(int32_t profile) { return (unsigned)profile & ((1u << SHARE_MIB_BITS) - 1); }

static void put_share(const struct mlu_view *mlu, unsigned part, cndevSMluInfo_t *info)
{
    const struct unit_part *one = &mlu->state.part[part];
    const struct unit_place place = unit_place(mlu->group, mlu->slot);
    char uuid[37];
    unit_uuid(mlu->group, mlu->slot, part, uuid);
    *info = (cndevSMluInfo_t){
        .version = info->version, .profileId = share_profile(one->quota, one->memory_mb), .instanceId = (int32_t)part + 1,
        .domain = (int32_t)place.domain, .bus = (int32_t)place.bus,
        .mluQuota = { one->quota, one->quota * unit_utilization(mlu->slot + part, &mlu->state, mlu->now) / 100 },
        .memorySize = { one->memory_mb << 20, (one->memory_mb << 20) / 4 },
    };
    memcpy(info->uuid, uuid, sizeof info->uuid);
    snprintf(info->profileName, sizeof info->profileName, "%u.%llu", one->quota, (unsigned long long)one->memory_mb);
    snprintf(info->instanceName, sizeof info->instanceName, "mlu%u-smlu%u", mlu->slot, part + 1);
    snprintf(info->devNodeName, sizeof info->devNodeName, "/dev/cambricon-caps/cap_dev%u_mi%u", mlu->slot, part + 1);
}

EXPORT cndevRet_t cndevGetAllSMluInstanceInfo(int32_t *count, cndevSMluInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_mlu, __func__, device, count != NULL && info != NULL, info != NULL ? &info->version : NULL, &mlu);
    const int32_t room = *count;
    *count = mlu.state.smlu ? (int32_t)unit_parts(&mlu.state) : 0;
    if (*count > room) return CNDEV_ERROR_INSUFFICIENT_SPACE;
    for (unsigned part = 0, at = 0; part < UNIT_PARTS && at < (unsigned)*count; part++)
        if (mlu.state.part[part].used) {
            info[at].version = cndev_build.structs;
            put_share(&mlu, part, &info[at++]);
        }
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetSMluProfileIdInfo(cndevSMluProfileIdInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    info->count = 0;
    for (unsigned part = 0; mlu.state.smlu && part < UNIT_PARTS; part++) {
        if (!mlu.state.part[part].used) continue;
        const int32_t profile = share_profile(mlu.state.part[part].quota, mlu.state.part[part].memory_mb);
        int32_t i = 0;
        while (i < info->count && info->profileId[i] != profile) i++;
        if (i == info->count) info->profileId[info->count++] = profile;
    }
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetSMluProfileInfo(cndevSMluProfileInfo_t *info, int32_t profile, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    const unsigned quota = share_quota(profile);
    if (profile <= 0 || quota == 0 || quota > 100 || share_mib(profile) == 0) return CNDEV_ERROR_NOT_FOUND;
    const uint32_t whole = 100 / quota;
    uint32_t used = 0;
    for (unsigned part = 0; part < UNIT_PARTS; part++)
        used += mlu.state.part[part].used && share_profile(mlu.state.part[part].quota, mlu.state.part[part].memory_mb) == profile;
    *info = (cndevSMluProfileInfo_t){ .version = info->version, .profileId = profile, .totalCapacity = whole,
                                      .remainCapacity = used < whole ? whole - used : 0, .mluQuota = { quota, used * quota }, .memorySize = { share_mib(profile) << 20, used * share_mib(profile) << 20 } };
    snprintf(info->name, sizeof info->name, "%u.%llu", quota, (unsigned long long)share_mib(profile));
    return CNDEV_SUCCESS;
}

/* Memory in bytes. */
EXPORT cndevRet_t cndevCreateSMluProfileInfo(cndevSMluSet_t *set, int32_t *profileId, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_mlu, __func__, device, set != NULL && profileId != NULL, set != NULL ? &set->version : NULL, &mlu);
    const uint64_t mib = set->memorySize >> 20;
    if (set->mluQuota == 0 || set->mluQuota > 100 || mib == 0 || mib > mlu.model->memory_mb) return CNDEV_ERROR_INVALID_ARGUMENT;
    *profileId = share_profile(set->mluQuota, mib);
    return CNDEV_SUCCESS;
}

/* The place that the engine takes next; checked before, so that the answer is what happens. */
static cndevRet_t create(const struct mlu_view *mlu, struct unit_part part, cndevMluInstance_t *handle)
{
    unsigned place = 0;
    if (!unit_part_fits(mlu->model, &mlu->state, &part, &part.start)) return CNDEV_ERROR_INSUFFICIENT_SPACE;
    while (mlu->state.part[place].used) place++;
    cndevRet_t result = part.profile != NULL ? cndev_command(mlu->slot, "mim create %s", part.profile->name)
                                             : cndev_command(mlu->slot, "smlu create %u %llu", part.quota, (unsigned long long)part.memory_mb);
    if (result == CNDEV_SUCCESS) *handle = cndev_part_handle(mlu->slot, place);
    return result;
}

EXPORT cndevRet_t cndevCreateSMluInstanceByProfileId(cndevMluInstance_t *handle, uint32_t profileId, cndevDevice_t device, char *instanceName)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, handle != NULL && instanceName != NULL, &mlu);
    const int32_t profile = (int32_t)profileId;
    if (!mlu.state.smlu) return CNDEV_ERROR_NOT_SUPPORTED;
    if (share_quota(profile) == 0 || share_quota(profile) > 100 || share_mib(profile) == 0) return CNDEV_ERROR_NOT_FOUND;
    return create(&mlu, (struct unit_part){ .quota = share_quota(profile), .memory_mb = share_mib(profile) }, handle);
}

EXPORT cndevRet_t cndevCreateMluInstanceByProfileName(cndevMluInstance_t *handle, char *profileName, cndevDevice_t device, char *instanceName)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, handle != NULL && profileName != NULL && instanceName != NULL, &mlu);
    if (!mlu.state.mim) return CNDEV_ERROR_NOT_SUPPORTED;
    const struct unit_profile *profile = unit_profile_find(mlu.model, profileName);
    if (profile == NULL) return CNDEV_ERROR_NOT_FOUND;
    return create(&mlu, (struct unit_part){ .profile = profile, .memory_mb = profile->memory_mb }, handle);
}

static cndevRet_t destroy(const char *symbol, cndevMluInstance_t handle, bool share)
{
    struct mlu_view mlu;
    const unsigned place = (unsigned)(handle - PART_HANDLES), part = place % UNIT_PARTS;
    if (handle < PART_HANDLES || place / UNIT_PARTS >= SIM_MAX_UNITS) return CNDEV_ERROR_INVALID_ARGUMENT;
    ENTER_WITH(cndev_enter_mlu, symbol, cndev_handle(place / UNIT_PARTS), true, NULL, &mlu);
    if (!mlu.state.part[part].used || (mlu.state.part[part].profile == NULL) != share) return CNDEV_ERROR_NOT_FOUND;
    return cndev_command(mlu.slot, "%s %u destroy", share ? "smlu" : "mim", part);
}

EXPORT cndevRet_t cndevDestroySMluInstanceByHandle(cndevMluInstance_t handle) { return destroy(__func__, handle, true); }
EXPORT cndevRet_t cndevDestroyMluInstanceByHandle(cndevMluInstance_t handle) { return destroy(__func__, handle, false); }
