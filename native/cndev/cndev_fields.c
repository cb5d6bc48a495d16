/* cndevDeviceGetFieldValues: many readings in one call, each with an answer of its own. */
#include "cndev_library.h"

#include <string.h>

enum { F64, U32, ULONG, U64, I32, LONG, I64 }; /* cndevFieldValuesTypeNum_t */

static cndevRet_t give_u32(cndevFieldValue_t *row, uint64_t value) { row->valueType = U32; row->value.u32 = (uint32_t)value; return CNDEV_SUCCESS; }
static cndevRet_t give_i32(cndevFieldValue_t *row, int64_t value) { row->valueType = I32; row->value.i32 = (int32_t)value; return CNDEV_SUCCESS; }
static cndevRet_t give_u64(cndevFieldValue_t *row, uint64_t value) { row->valueType = U64; row->value.u64 = value; return CNDEV_SUCCESS; }
static cndevRet_t give_i64(cndevFieldValue_t *row, uint64_t value) { row->valueType = I64; row->value.i64 = (int64_t)value; return CNDEV_SUCCESS; }

/* A field of a link; scopeId is its number. */
static cndevRet_t link_field(const struct mlu_view *mlu, cndevFieldValue_t *row)
{
    if (mlu->model->links == 0) return CNDEV_ERROR_NOT_SUPPORTED;
    if (row->scopeId >= mlu->model->links) return CNDEV_ERROR_INVALID_LINK;
    if (row->fieldId == 9) return give_u32(row, (mlu->state.links_down >> row->scopeId & 1) == 0);
    return give_u64(row, unit_link_bytes(mlu->model, &mlu->state, row->scopeId, mlu->now));
}

static cndevRet_t memory_field(const struct mlu_view *mlu, cndevFieldValue_t *row)
{
    const struct unit_state *state = &mlu->state;
    const bool remaps = mlu->model->hbm;
    switch (row->fieldId) {
    case 0: case 1: return give_u32(row, 1);
    case 2: case 3: case 58: case 59: case 60: case 61: return mlu->model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_u64(row, 0);
    case 4: case 5: return give_u64(row, state->ecc_now[row->fieldId - 4]);
    case 56: case 57: return mlu->model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_u64(row, state->ecc_total[row->fieldId - 56]);
    case 10: case 11: return remaps ? CNDEV_ERROR_NOT_SUPPORTED : give_u32(row, state->isolated[row->fieldId - 10]);
    case 12: return remaps ? CNDEV_ERROR_NOT_SUPPORTED : give_u32(row, state->retire_pending);
    case 13: case 14: return remaps ? give_u32(row, state->isolated[row->fieldId - 13]) : CNDEV_ERROR_NOT_SUPPORTED;
    case 15: return remaps ? give_u32(row, state->remap_pending) : CNDEV_ERROR_NOT_SUPPORTED;
    case 16: return remaps ? give_u32(row, state->remap_failed) : CNDEV_ERROR_NOT_SUPPORTED;
    case 22: case 55: return give_i64(row, mlu->model->memory_mb);
    case 23: case 25: return give_i64(row, unit_memory_used_mb(mlu->model, mlu->slot, state, mlu->now));
    case 24: return give_i64(row, mlu->model->memory_mb * 4);
    default: return give_i64(row, 512); /* 54: reserved */
    }
}

static cndevRet_t field(const struct mlu_view *mlu, cndevFieldValue_t *row)
{
    const struct unit_model *model = mlu->model;
    const struct unit_state *state = &mlu->state;
    const int chip = unit_temperature(model, mlu->slot, state, mlu->now);
    const unsigned busy = unit_utilization(mlu->slot, state, mlu->now);
    switch (row->fieldId) {
    case 0: case 1: case 2: case 3: case 4: case 5: case 10: case 11: case 12: case 13: case 14: case 15: case 16:
    case 22: case 23: case 24: case 25: case 54: case 55: case 56: case 57: case 58: case 59: case 60: case 61:
        return memory_field(mlu, row);
    case 6: return give_i32(row, model->pcie_generation);
    case 7: return give_i32(row, 16);
    case 8: return give_i32(row, model->links);
    case 9: case 63: case 64: return link_field(mlu, row);
    case 17: return give_i32(row, unit_power_mw(model, mlu->slot, state, mlu->now) / 1000);
    case 18: case 20: case 21: return give_i32(row, model->power_limit);
    case 19: return give_i32(row, model->power_idle);
    case 28: return give_u32(row, state->compute_mode);
    case 29: return give_u32(row, state->pcie_replays);
    case 30: case 53: return give_i32(row, model->shutdown_c);
    case 31: return give_u32(row, 0);
    case 32: case 52: return give_i32(row, model->slowdown_c);
    case 33: return give_u32(row, state->hot_slowdowns);
    case 34: return give_i32(row, chip - 6);
    case 35: return row->scopeId < model->cores / 4 ? give_i32(row, chip) : CNDEV_ERROR_INVALID_ARGUMENT;
    case 36: case 40: return model->hbm ? give_i32(row, chip + 3) : CNDEV_ERROR_NOT_SUPPORTED;
    case 37: return give_i32(row, chip);
    case 44: case 66: return give_i32(row, busy);
    case 45: return row->scopeId < model->cores ? give_i32(row, busy) : CNDEV_ERROR_INVALID_ARGUMENT;
    case 62: return model->link_group == 8 ? give_u32(row, mlu->slot) : CNDEV_ERROR_NOT_SUPPORTED; /* OAM modules */
    case 65: return model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_i32(row, busy / 2);
    case 70: return model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_i32(row, (int)model->slowdown_c - chip);
    case 71: return model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_u64(row, (uint64_t)unit_energy_mj(model, mlu->slot, state, mlu->now));
    case 72: case 73: case 74: case 75: return model->old ? CNDEV_ERROR_NOT_SUPPORTED : give_u64(row, 0);
    default: return CNDEV_ERROR_NOT_SUPPORTED;
    }
}

EXPORT cndevRet_t cndevDeviceGetFieldValues(cndevDevice_t device, int32_t count, cndevFieldValue_t *values)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, values != NULL && count > 0, &mlu);
    for (int32_t i = 0; i < count; i++) {
        values[i].ret = field(&mlu, &values[i]);
        values[i].latencyUsec = 0;
        values[i].timestamp = (library.clock.epoch + mlu.now) / 1000;
        if (lies(&mlu, LIES_ENUM)) values[i].valueType = 99;
    }
    return CNDEV_SUCCESS;
}
