/* MLULink ports. */
#define _GNU_SOURCE
#include "cndev_library.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Enters a call about a port. */
#define ENTER_LINK(version, out, device, link, mlu) \
    do { \
        ENTER_WITH(cndev_enter_mlu, __func__, device, (out) != NULL, version, mlu); \
        if ((mlu)->model->links == 0) return CNDEV_ERROR_NOT_SUPPORTED; \
        if (link < 0 || (unsigned)link >= (mlu)->model->links) return CNDEV_ERROR_INVALID_LINK; \
    } while (0)
#define ENTER_LINK_VERSIONED(out, device, link, mlu) ENTER_LINK((out) != NULL ? &(out)->version : NULL, out, device, link, mlu)

/* A port is up when both ends are, and the other card is there. */
static bool up(const struct mlu_view *mlu, unsigned link)
{
    unsigned peer, peer_link;
    if ((mlu->state.links_down >> link & 1) != 0 || !unit_peer(mlu->model, mlu->units, mlu->slot, link, &peer, &peer_link)) return false;
    pthread_mutex_lock(&library.lock);
    const struct unit_state *other = cndev_unit(peer);
    bool good = unit_present(other) && !other->lost && (other->links_down >> peer_link & 1) == 0;
    library_unlock();
    return good;
}

/* The count itself; a code of an error would be a count too, so there is none. */
EXPORT int32_t cndevGetMLULinkPortNumber(cndevDevice_t device)
{
    struct mlu_view mlu;
    return cndev_enter_mlu(__func__, device, true, NULL, &mlu) == CNDEV_SUCCESS ? (int32_t)mlu.model->links : 0;
}

EXPORT cndevRet_t cndevGetMLULinkStatusV2(cndevMLULinkStatusV2_t *status, cndevDevice_t device, int32_t link)
{
    enum { MAC_DOWN, MAC_UP, PRESENT = 1 };
    struct mlu_view mlu;
    ENTER_LINK(NULL, status, device, link, &mlu);
    const bool is_up = up(&mlu, (unsigned)link);
    *status = (cndevMLULinkStatusV2_t){ .macState = is_up ? MAC_UP : MAC_DOWN, .serdesState = is_up, .presenceState = PRESENT,
                                        .serdesProgress = is_up ? 100 : 0 };
    if (lies(&mlu, LIES_ENUM)) status->macState = 99;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkRemoteInfo(cndevMLULinkRemoteInfo_t *remote, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    unsigned peer, peer_link;
    char uuid[37];
    ENTER_LINK_VERSIONED(remote, device, link, &mlu);
    if (!unit_peer(mlu.model, mlu.units, mlu.slot, (unsigned)link, &peer, &peer_link)) return CNDEV_ERROR_NOT_FOUND;
    unit_uuid(mlu.group, peer, UINT32_MAX, uuid);
    *remote = (cndevMLULinkRemoteInfo_t){ .version = remote->version, .mcSn = unit_serial(mlu.group, peer), .baSn = unit_serial(mlu.group, 0) + 0x1000,
                                          .slotId = peer + 1, .portId = peer_link, .ncsUUID64 = sim_hash(0, uuid, sizeof uuid) };
    memcpy(remote->uuid, uuid, sizeof remote->uuid);
    snprintf(remote->port_name, sizeof remote->port_name, "mlu%u-port%u", peer, peer_link);
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkCounter(cndevMLULinkCounter_t *counter, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    ENTER_LINK_VERSIONED(counter, device, link, &mlu);
    const uint64_t bytes = unit_link_bytes(mlu.model, &mlu.state, (unsigned)link, mlu.now);
    const uint32_t *errors = mlu.state.link_errors[link];
    *counter = (cndevMLULinkCounter_t){ .version = counter->version, .cntrReadByte = bytes, .cntrReadPackage = bytes / 256, .cntrWriteByte = bytes,
                                        .cntrWritePackage = bytes / 256, .errReplay = errors[1], .errCRC32 = errors[0], .errCorrected = errors[0] };
    if (lies(&mlu, LIES_ABSURD)) counter->cntrReadByte = UINT64_MAX;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkErrorCounter(cndevMLULinkErrorCounter_t *counter, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    ENTER_LINK(NULL, counter, device, link, &mlu);
    if (mlu.model->old) return CNDEV_ERROR_NOT_SUPPORTED;
    *counter = (cndevMLULinkErrorCounter_t){ .correctFecCnt = mlu.state.link_errors[link][0], .rxBadFcsPkt = mlu.state.link_errors[link][0] };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkEventCounter(cndevMLULinkEventCounter_t *counter, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    ENTER_LINK(NULL, counter, device, link, &mlu);
    *counter = (cndevMLULinkEventCounter_t){ .linkDown = mlu.state.link_downs[link], .replay = mlu.state.link_errors[link][1] };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkSpeedInfo(cndevMLULinkSpeed_t *speed, cndevDevice_t device, int32_t link)
{
    enum { NRZ, PAM4 };
    struct mlu_view mlu;
    ENTER_LINK_VERSIONED(speed, device, link, &mlu);
    speed->speedValue = up(&mlu, (unsigned)link) ? (float)mlu.model->link_mbps / 1000 : 0;
    speed->speedFormat = mlu.model->old ? NRZ : PAM4;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkVersion(cndevMLULinkVersion_t *version, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    ENTER_LINK_VERSIONED(version, device, link, &mlu);
    version->majorVersion = mlu.model->old ? 1 : 2;
    version->minorVersion = version->buildVersion = 0;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMLULinkCapability(cndevMLULinkCapability_t *capability, cndevDevice_t device, int32_t link)
{
    struct mlu_view mlu;
    ENTER_LINK_VERSIONED(capability, device, link, &mlu);
    capability->p2pTransfer = 1;
    capability->interlakenSerdes = 0;
    return CNDEV_SUCCESS;
}
