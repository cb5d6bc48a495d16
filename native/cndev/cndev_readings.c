/* What a card measures. */
#include "cndev_library.h"

#include <string.h>

EXPORT cndevRet_t cndevGetMemoryUsageV2(cndevMemoryInfoV2_t *memory, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, memory != NULL, &mlu);
    const int64_t total = (int64_t)mlu.model->memory_mb, used = (int64_t)unit_memory_used_mb(mlu.model, mlu.slot, &mlu.state, mlu.now);
    *memory = (cndevMemoryInfoV2_t){ .physicalMemoryTotal = total, .physicalMemoryUsed = used, .reservedMemory = 512,
                                     .virtualMemoryTotal = total * 4, .virtualMemoryUsed = used, .globalMemory = (uint64_t)total };
    if (lies(&mlu, LIES_ABSURD)) memory->physicalMemoryUsed = INT64_MAX;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetDeviceUtilizationInfo(cndevUtilizationInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    const int32_t busy = lies(&mlu, LIES_ABSURD) ? 4096 : (int32_t)unit_utilization(mlu.slot, &mlu.state, mlu.now);
    memset(info->coreUtilization, 0, sizeof info->coreUtilization);
    info->averageCoreUtilization = busy;
    for (unsigned i = 0; i < mlu.model->cores; i++) info->coreUtilization[i] = busy;
    return CNDEV_SUCCESS;
}

/* Nothing is coded on a simulated node. */
EXPORT cndevRet_t cndevGetVideoCodecUtilization(cndevVideoCodecUtilization_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    *info = (cndevVideoCodecUtilization_t){ .version = info->version, .vpuCount = (int32_t)mlu.model->codecs,
                                            .encoderCount = (int32_t)mlu.model->codecs / 2, .decoderCount = (int32_t)mlu.model->codecs };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetFrequencyInfo(cndevFrequencyInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    const uint16_t now = (uint16_t)unit_clock(mlu.model, mlu.slot, &mlu.state, mlu.now);
    *info = (cndevFrequencyInfo_t){ .version = info->version, .boardFreq = now, .ddrFreq = (int32_t)mlu.model->clock_memory,
                                    .overtempDfsFlag = (mlu.state.throttle & 0x20) != 0, .mluClusterFreqCount = 4,
                                    .boardDefaultFreq = (int32_t)mlu.model->clock_core };
    for (unsigned i = 0; i < info->mluClusterFreqCount; i++) info->mluClusterFreq[i] = now;
    info->boardFreqArange[0] = (int32_t)mlu.model->clock_idle, info->boardFreqArange[1] = (int32_t)mlu.model->clock_core;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetTemperatureInfo(cndevTemperatureInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    const int32_t chip = lies(&mlu, LIES_ABSURD) ? -1000 : unit_temperature(mlu.model, mlu.slot, &mlu.state, mlu.now);
    *info = (cndevTemperatureInfo_t){ .version = info->version, .board = chip - 6, .chip = chip, .airInlet = 28, .airOutlet = 36,
                                      .memory = mlu.model->hbm ? chip + 3 : 0 };
    for (unsigned i = 0; i < mlu.model->cores / 4 && i < 20; i++) info->cluster[i] = chip;
    for (unsigned i = 0; mlu.model->hbm && i < 6; i++) info->memoryDie[i] = chip + 3;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetDevicePowerInfo(cndevDevicePowerInfo_t *power, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, power != NULL, &mlu);
    const int32_t usage = (int32_t)(unit_power_mw(mlu.model, mlu.slot, &mlu.state, mlu.now) / 1000), limit = (int32_t)mlu.model->power_limit;
    *power = (cndevDevicePowerInfo_t){ .usage = lies(&mlu, LIES_ABSURD) ? INT32_MAX : usage, .cap = limit, .tdp = limit, .maxPower = limit };
    return CNDEV_SUCCESS;
}

/* The boards have no fans of their own. */
EXPORT cndevRet_t cndevGetFanSpeedInfo(cndevFanSpeedInfo_t *fan, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, fan, &mlu);
    *fan = (cndevFanSpeedInfo_t){ .version = fan->version };
    return CNDEV_SUCCESS;
}

/* Bytes in the last 20 ms, and since the reset; a third of what the work could move. */
EXPORT cndevRet_t cndevGetPCIethroughputV2(cndevPCIethroughputV2_t *pcie, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, pcie != NULL, &mlu);
    const int64_t rate = (int64_t)mlu.model->pcie_generation * 1000000000, time = mlu.now - mlu.state.counting_since;
    const int64_t busy = (int64_t)unit_utilization(mlu.slot, &mlu.state, mlu.now);
    *pcie = (cndevPCIethroughputV2_t){ .pcieRead = rate / 50 * busy / 300, .pcieWrite = rate / 50 * busy / 600,
                                       .pcieReadTotal = time / 1000 * (rate / 1000000) / 5, .pcieWriteTotal = time / 1000 * (rate / 1000000) / 10,
                                       .timestamp = (uint64_t)(library.clock.epoch + mlu.now) / 1000 };
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetPcieReplayCounter(cndevPcieReplayCounter_t *replays, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, replays, &mlu);
    replays->counter = mlu.state.pcie_replays;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetOverTemperatureInfo(cndevOverTemperatureInfo_t *info, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, info, &mlu);
    info->powerOffCounter = 0;
    info->underClockCounter = mlu.state.hot_slowdowns;
    info->powerOffTemp = (int16_t)mlu.model->shutdown_c;
    info->underClockTemp = (int16_t)mlu.model->slowdown_c;
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetPerformanceThrottleReason(cndevPerformanceThrottleReason_t *reason, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_VERSIONED(device, reason, &mlu);
    uint32_t *const out[] = { &reason->tdp, &reason->powerSetting, &reason->clockSetting, &reason->frequencyLocked, &reason->powerBrake,
                              &reason->thermalSlowdown };
    for (unsigned bit = 0; bit < sizeof out / sizeof out[0]; bit++) *out[bit] = mlu.state.throttle >> bit & 1;
    return CNDEV_SUCCESS;
}

/* KiB each. *count is the room of the array, then what there is: 9 when that is more. */
EXPORT cndevRet_t cndevGetProcessInfo(uint32_t *count, cndevProcessInfo_t *process, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_WITH(cndev_enter_mlu, __func__, device, count != NULL && process != NULL, process != NULL ? &process->version : NULL, &mlu);
    const uint32_t room = *count;
    *count = unit_processes(&mlu.state);
    if (*count > room) return CNDEV_ERROR_INSUFFICIENT_SPACE;
    for (size_t i = 0, at = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *one = &mlu.state.process[i];
        if (!sim_process_runs(one)) continue;
        process[at].pid = one->pid;
        process[at].physicalMemoryUsed = process[at].virtualMemoryUsed = one->memory >> 10;
        at++;
    }
    return CNDEV_SUCCESS;
}

EXPORT cndevRet_t cndevGetProcessUtilizationInfo(unsigned *count, cndevProcessUtilizationInfo_t *process, cndevDevice_t device)
{
    struct mlu_view mlu;
    ENTER_PLAIN(device, count != NULL && process != NULL, &mlu);
    const unsigned room = *count, runs = unit_processes(&mlu.state);
    *count = runs;
    if (runs > room) return CNDEV_ERROR_INSUFFICIENT_SPACE;
    for (size_t i = 0, at = 0; i < SIM_MAX_PROCESSES; i++) {
        const struct sim_process *one = &mlu.state.process[i];
        if (!sim_process_runs(one)) continue;
        process[at++] = (cndevProcessUtilizationInfo_t){ .pid = one->pid, .ipuUtil = unit_utilization(mlu.slot, &mlu.state, mlu.now) / runs,
                                                         .memUtil = (uint32_t)((one->memory >> 20) * 100 / mlu.model->memory_mb),
                                                         .timestamp = (uint64_t)(library.clock.epoch + mlu.now) / 1000 };
    }
    return CNDEV_SUCCESS;
}
