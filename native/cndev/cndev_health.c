/* Health, incidents, heartbeat, ECC and what memory was taken out of use. */
#define _GNU_SOURCE
#include "cndev_library.h"

#include <stdio.h>
#include <string.h>

/* cndevHealthError_t, as far as they follow from the state. */
enum { MLULINK_DOWN = 9, DBE_VIOLATION = 15, ROW_REMAP_FAILURE = 18, PENDING_ROW_REMAP, PENDING_PAGE_RETIREMENTS = 24, TEMP_VIOLATION = 26 };
enum { PASS = 0, WARN = 10, FAIL = 20 };
enum { DEVICE_BAD, DEVICE_GOOD };
enum { DRIVER_RUNNING = 4, DRIVER_RESET = 6 };

void cndev_incidents(const struct mlu_view *mlu, uint32_t *warn, uint32_t *fail)
{
    const struct unit_state *state = &mlu->state;
    *warn = state->incidents[0];
    *fail = state->incidents[1];
    const struct { bool is; unsigned code; uint32_t *where; } found[] = {
        { state->links_down != 0, MLULINK_DOWN, fail }, { state->ecc_now[1] > 0, DBE_VIOLATION, fail }, { state->remap_failed, ROW_REMAP_FAILURE, fail },
        { state->remap_pending, PENDING_ROW_REMAP, warn }, { state->retire_pending, PENDING_PAGE_RETIREMENTS, warn },
        { unit_temperature(mlu->model, mlu->slot, state, mlu->now) >= (int)mlu->model->slowdown_c, TEMP_VIOLATION, warn },
    };
    for (size_t i = 0; i < sizeof found / sizeof found[0]; i++)
        if (found[i].is) *found[i].where |= UINT32_C(1) << found[i].code;
}

static uint32_t device_state(const struct mlu_view *mlu)
{
    if (mlu->state.device_state != SIM_UNSET) return (uint32_t)mlu->state.device_state;
    return mlu->state.lost ? DEVICE_BAD : DEVICE_GOOD;
}

static uint32_t driver_state(const struct mlu_view *mlu)
{
    if (mlu->state.driver_state != SIM_UNSET) return (uint32_t)mlu->state.driver_state;
    return mlu->now < mlu->state.ready_at ? DRIVER_RESET : DRIVER_RUNNING;
}

static int32_t health(const struct mlu_view *mlu, uint32_t fail)
{
    if (mlu->state.health != SIM_UNSET) return mlu->state.health;
    return fail == 0 && device_state(mlu) == DEVICE_GOOD && driver_state(mlu) == DRIVER_RUNNING;
}

/* The driver answers for a card that does not: these calls block only while it hangs. */
static cndevRet_t enter_health(const char *symbol, cndevDevice_t device, bool arguments, const int32_t *version, struct mlu_view *mlu)
{
    cndevRet_t result = cndev_enter_mlu(symbol, device, arguments, version, mlu);
    return result == CNDEV_ERROR_IN_PROBLEM ? cndev_enter_host(symbol, device, arguments, version, mlu) : result;
}

EXPORT cndevRet_t cndevGetCardHealthState(cndevCardHealthState_t *state, cndevDevice_t device)
{
    struct mlu_view mlu;
    uint32_t warn, fail;
    ENTER_WITH(enter_health, __func__, device, state != NULL, state != NULL ? &state->version : NULL, &mlu);
    cndev_incidents(&mlu, &warn, &fail);
    state->health = lies(&mlu, LIES_ENUM) ? 7 : health(&mlu, fail);
    state->deviceState = device_state(&mlu);
    state->driverState = driver_state(&mlu);
    return CNDEV_SUCCESS;
}

/* The bit of cndevHealthSystem_t that an incident belongs to. */
static uint32_t system_of(unsigned code)
{
    enum { PCIE = 1, LINKS = 2, MEMORY = 0x10, THERMAL = 0x20, DRIVER = 0x80 };
    if (code >= 4 && code <= 8) return PCIE;
    if (code >= 9 && code <= 13) return LINKS;
    if (code >= 14 && code <= 25) return MEMORY;
    if (code == 26 || code == 27) return THERMAL;
    return DRIVER;
}

static void put_incident(const struct mlu_view *mlu, cndevIncidentInfo_t *incident, unsigned code, uint32_t result)
{
    const struct unit_place place = unit_place(mlu->group, mlu->slot);
    *incident = (cndevIncidentInfo_t){ .system = system_of(code), .health = result };
    snprintf(incident->error.msg, sizeof incident->error.msg, "%s of card %u", unit_incident_name(code), mlu->slot);
    incident->error.device_id = mlu->slot;
    incident->error.bdf = place.domain << 16 | place.bus << 8;
    incident->error.code = lies(mlu, LIES_ENUM) ? 4711 : code;
    incident->error.category = 1;
    incident->error.severity = result == FAIL ? 2 : 1;
}

EXPORT cndevRet_t cndevGetCardHealthStateV2(cndevCardHealthStateV2_t *state, cndevDevice_t device)
{
    struct mlu_view mlu;
    uint32_t warn, fail;
    ENTER_WITH(enter_health, __func__, device, state != NULL, NULL, &mlu);
    cndev_incidents(&mlu, &warn, &fail);
    memset(state, 0, sizeof *state);
    state->health = health(&mlu, fail);
    state->deviceState = device_state(&mlu);
    state->driverState = driver_state(&mlu);
    state->overallHealth = state->health == 0 ? FAIL : warn != 0 ? WARN : PASS;
    for (unsigned code = 0; code < UNIT_INCIDENTS; code++)
        if (((warn | fail) >> code & 1) != 0) put_incident(&mlu, &state->incidents[state->incident_count++], code, (fail >> code & 1) != 0 ? FAIL : WARN);
    if (lies(&mlu, LIES_ABSURD)) state->incident_count = 5000;
    return CNDEV_SUCCESS;
}

/* One beat a second. */
EXPORT cndevRet_t cndevGetCardHeartbeatCount(cndevCardHeartbeatCount_t *heart, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, heart, &mlu);
    int64_t until = mlu.state.heart_stopped_at < mlu.now ? mlu.state.heart_stopped_at : mlu.now;
    heart->heartbeatCount = 1000 + (uint32_t)(until / 1000000000);
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetECCInfo(cndevECCInfo_t *ecc, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, ecc, &mlu);
    const uint64_t corrected = mlu.state.ecc_now[0], uncorrected = mlu.state.ecc_now[1];
    *ecc = (cndevECCInfo_t){ .version = ecc->version, .oneBitError = corrected, .multipleError = uncorrected, .correctedError = corrected,
                             .uncorrectedError = uncorrected, .totalError = corrected + uncorrected };
    if (lies(&mlu, LIES_ABSURD)) ecc->uncorrectedError = UINT64_MAX;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetMemEccCounter(cndevMemEccCounter_t *ecc, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, ecc, &mlu);
    if (mlu.model->old) return CNDEV_ERROR_NOT_SUPPORTED;
    *ecc = (cndevMemEccCounter_t){ .version = ecc->version, .volatileDramEccSbeCounter = (uint32_t)mlu.state.ecc_now[0],
                                   .volatileDramEccDbeCounter = (uint32_t)mlu.state.ecc_now[1],
                                   .aggregateDramEccSbeCounter = mlu.state.ecc_total[0], .aggregateDramEccDbeCounter = mlu.state.ecc_total[1] };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetEccMode(cndevEccMode_t *current, cndevEccMode_t *pending, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_mlu, __func__, device, current != NULL && pending != NULL, current != NULL ? &current->version : NULL, &mlu);
    current->mode = pending->mode = 1;
    return CNDEV_SUCCESS;
}

/* Boards without HBM retire pages; cause is an input: 0 corrected errors, 1 an uncorrected one. */
EXPORT cndevRet_t cndevGetRetiredPages(cndevRetiredPageInfo_t *pages, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, pages, &mlu);
    if (pages->cause > 1) return CNDEV_ERROR_INVALID_ARGUMENT;
    if (mlu.model->hbm) return CNDEV_ERROR_NOT_SUPPORTED;
    const uint64_t most = sizeof pages->pageAddress / sizeof pages->pageAddress[0];
    pages->pageCount = (uint32_t)(mlu.state.isolated[pages->cause] < most ? mlu.state.isolated[pages->cause] : most);
    for (uint32_t i = 0; i < pages->pageCount; i++) pages->pageAddress[i] = (UINT64_C(0x40000000) + i * 0x10000) | pages->cause << 12;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetRetiredPagesStatus(cndevRetiredPageStatus_t *status, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, status, &mlu);
    if (mlu.model->hbm) return CNDEV_ERROR_NOT_SUPPORTED;
    status->isPending = mlu.state.retire_pending;
    status->isFailure = 0;
    return CNDEV_SUCCESS;
}

/* Boards with HBM remap rows. */
EXPORT cndevRet_t cndevGetRemappedRows(cndevRemappedRow_t *rows, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, rows, &mlu);
    if (!mlu.model->hbm) return CNDEV_ERROR_NOT_SUPPORTED;
    rows->correctRows = (uint32_t)mlu.state.isolated[0];
    rows->uncorrectRows = (uint32_t)mlu.state.isolated[1];
    rows->pendingRows = mlu.state.remap_pending;
    rows->failedRows = mlu.state.remap_failed;
    return CNDEV_SUCCESS;
}

/* The histogram: banks with all their spare rows, with some, with none. */
EXPORT cndevRet_t cndevGetRemappedRowsV2(cndevRemappedRowV2_t *rows, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, rows, &mlu);
    if (!mlu.model->hbm || mlu.model->old) return CNDEV_ERROR_NOT_SUPPORTED;
    const uint32_t used = (uint32_t)(mlu.state.isolated[0] + mlu.state.isolated[1]), banks = 640;
    rows->correctCounts = (uint32_t)mlu.state.isolated[0];
    rows->uncorrectCounts = (uint32_t)mlu.state.isolated[1];
    rows->histogram[0] = used < banks ? banks - used : 0;
    rows->histogram[1] = used < banks ? used : banks;
    rows->histogram[2] = mlu.state.remap_failed;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetRepairStatus(cndevRepairStatus_t *status, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, status, &mlu);
    if (mlu.model->old) return CNDEV_ERROR_NOT_SUPPORTED;
    status->isRetirePending = mlu.state.retire_pending;
    status->isPending = mlu.state.remap_pending;
    status->isFailure = mlu.state.remap_failed;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetComputeMode(cndevComputeMode_t *mode, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, mode, &mlu);
    mode->mode = mlu.state.compute_mode;
    return CNDEV_SUCCESS;
}

/* How many virtual functions the card is divided into. */
EXPORT cndevRet_t cndevGetCardVfState(cndevCardVfState_t *state, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, state, &mlu);
    state->vfState = (int32_t)mlu.state.vfs;
    return CNDEV_SUCCESS;
}

/* Nobody may use the card; it is ready again after the time that the scenario says. */
EXPORT cndevRet_t cndevResetDevice(cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_host, __func__, device, true, NULL, &mlu);
    if (unit_processes(&mlu.state) > 0) return CNDEV_ERROR_IN_USE;
    if (mlu.state.reset_fails || mlu.state.hung) return CNDEV_ERROR_TIMEOUT;
    return cndev_command(mlu.slot, "reset");
}
