/* What a device measures. */
#include "dcmi_library.h"

#include <math.h>

static int temperature(const char *symbol, struct npu_id id, int *celsius)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, celsius != NULL, &npu);
    *celsius = lies(&npu, LIES_ABSURD) ? 32767 : unit_temperature(npu.model, npu.slot, &npu.state, npu.now);
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_temperature, dcmiv2_get_device_temperature, temperature, (int *celsius), (celsius))

/* 0.01 V; it sags under load. */
static int voltage(const char *symbol, struct npu_id id, uint32_t *volt)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, volt != NULL, &npu);
    *volt = 92 - unit_utilization(npu.slot, &npu.state, npu.now) / 12;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_voltage, dcmiv2_get_device_voltage, voltage, (uint32_t *volt), (volt))

/* 0.1 W. The chips of an inference card have no sensor each: their card tells, through its management processor. */
static int power(const char *symbol, struct npu_id id, int *deciwatts)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, deciwatts != NULL, &npu);
    if (!npu.model->roce) return DCMI_NOT_SUPPORTED;
    *deciwatts = lies(&npu, LIES_ABSURD) ? INT32_MAX : (int)(unit_power_mw(npu.model, npu.slot, &npu.state, npu.now) / 100);
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_power_info, dcmiv2_get_device_power_info, power, (int *deciwatts), (deciwatts))

EXPORT int dcmi_mcu_get_power_info(int card_id, int *power)
{
    struct npu_view npu;
    ENTER_NPU(__func__, of_card(card_id, 0), power != NULL, &npu);
    unsigned milliwatts = 0;
    pthread_mutex_lock(&library.lock);
    for (unsigned i = npu.slot; i < npu.slot + npu.model->chips_per_card && i < npu.units; i++)
        if (unit_present(dcmi_unit(i))) milliwatts += unit_power_mw(npu.model, i, dcmi_unit(i), npu.now);
    library_unlock();
    *power = (int)(milliwatts / 100);
    return DCMI_OK;
}

static int memory_percent(const struct npu_view *npu)
{
    return (int)(unit_memory_used_mb(npu->model, npu->slot, &npu->state, npu->now) * 100 / npu->model->memory_mb);
}

static int utilization(const char *symbol, struct npu_id id, int type, uint32_t *percent)
{
    enum { DDR = 1, AI_CORE, AI_CPU, CONTROL_CPU, DDR_BANDWIDTH, HBM, HBM_BANDWIDTH = 10, VECTOR = 12, OVERALL, CUBE };
    struct npu_view npu;
    ENTER_NPU(symbol, id, percent != NULL && type >= DDR && type <= CUBE, &npu);
    const unsigned busy = lies(&npu, LIES_ABSURD) ? 4096 : unit_utilization(npu.slot, &npu.state, npu.now);
    const bool hbm = npu.model->hbm;
    switch (type) {
    case AI_CORE: *percent = busy; return DCMI_OK;
    case AI_CPU: *percent = busy / 10; return DCMI_OK;
    case CONTROL_CPU: *percent = 5 + busy / 20; return DCMI_OK;
    case DDR: case HBM:
        *percent = (uint32_t)memory_percent(&npu);
        return (type == HBM) == hbm ? DCMI_OK : DCMI_NOT_SUPPORTED;
    case DDR_BANDWIDTH: case HBM_BANDWIDTH:
        *percent = busy / 2;
        return (type == HBM_BANDWIDTH) == hbm ? DCMI_OK : DCMI_NOT_SUPPORTED;
    case VECTOR: case OVERALL: case CUBE:
        *percent = type == VECTOR ? busy / 3 : busy;
        return npu.model->old ? DCMI_NOT_SUPPORTED : DCMI_OK;
    default: return DCMI_NOT_SUPPORTED;
    }
}
EXPORT_BOTH(dcmi_get_device_utilization_rate, dcmiv2_get_device_utilization_rate, utilization, (int type, uint32_t *percent), (type, percent))

static int multi_utilization(const char *symbol, struct npu_id id, struct dcmi_multi_utilization_info *info)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, info != NULL, &npu);
    if (npu.model->old) return DCMI_NOT_SUPPORTED;
    const unsigned busy = unit_utilization(npu.slot, &npu.state, npu.now);
    *info = (struct dcmi_multi_utilization_info){ .aic_util = busy, .aiv_util = busy / 3, .aicore_util = busy, .npu_util = busy };
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_multi_utilization_rate, dcmiv2_get_device_multi_utilization_rate, multi_utilization,
            (struct dcmi_multi_utilization_info *info), (info))

static int multi_utilization_period(const char *symbol, struct npu_id id, struct dcmi_multi_utilization_info *info, int seconds)
{
    return seconds < 1 ? DCMI_PARAMETER : multi_utilization(symbol, id, info);
}
EXPORT_BOTH(dcmi_get_device_multi_utilization_rate_period, dcmiv2_get_device_multi_utilization_rate_period, multi_utilization_period,
            (struct dcmi_multi_utilization_info *info, int seconds), (info, seconds))

static int frequency(const char *symbol, struct npu_id id, uint32_t type, uint32_t *mhz)
{
    enum { DDR = 1, CONTROL_CPU = 2, HBM = 6, AI_CORE = 7, AI_CORE_MAX = 9, VECTOR = 12 };
    struct npu_view npu;
    ENTER_NPU(symbol, id, mhz != NULL, &npu);
    switch (type) {
    case DDR: case HBM:
        *mhz = npu.model->clock_memory;
        return (type == HBM) == npu.model->hbm ? DCMI_OK : DCMI_NOT_SUPPORTED;
    case CONTROL_CPU: *mhz = 2000; return DCMI_OK;
    case AI_CORE: *mhz = unit_clock(npu.model, npu.slot, &npu.state, npu.now); return DCMI_OK;
    case AI_CORE_MAX: *mhz = npu.model->clock_core; return DCMI_OK;
    case VECTOR:
        *mhz = unit_clock(npu.model, npu.slot, &npu.state, npu.now);
        return npu.model->hbm || npu.model->old ? DCMI_NOT_SUPPORTED : DCMI_OK; /* a clock of its own has the 310P alone */
    default: return DCMI_PARAMETER;
    }
}
EXPORT_BOTH(dcmi_get_device_frequency, dcmiv2_get_device_frequency, frequency, (uint32_t type, uint32_t *mhz), (type, mhz))

/* MB, which are MiB here. */
static int hbm_info(const char *symbol, struct npu_id id, struct dcmi_hbm_info *hbm)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, hbm != NULL, &npu);
    if (!npu.model->hbm) return DCMI_NOT_SUPPORTED;
    *hbm = (struct dcmi_hbm_info){
        .memory_size = npu.model->memory_mb, .memory_usage = unit_memory_used_mb(npu.model, npu.slot, &npu.state, npu.now),
        .freq = npu.model->clock_memory, .temp = unit_temperature(npu.model, npu.slot, &npu.state, npu.now) + 4,
        .bandwith_util_rate = unit_utilization(npu.slot, &npu.state, npu.now) / 2,
    };
    if (lies(&npu, LIES_ABSURD)) hbm->memory_usage = UINT64_MAX, hbm->temp = -1000;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_hbm_info, dcmiv2_get_device_hbm_info, hbm_info, (struct dcmi_hbm_info *hbm), (hbm))

/* The 910 has a little DDR for its control CPU beside its HBM; the others have all their memory here. */
static int memory_info(const char *symbol, struct npu_id id, struct dcmi_get_memory_info_stru *memory)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, memory != NULL, &npu);
    if (npu.model->hbm && !npu.model->old) return DCMI_NOT_SUPPORTED;
    uint64_t size = npu.model->hbm ? 15567 : npu.model->memory_mb;
    uint64_t used = npu.model->hbm ? 3100 : unit_memory_used_mb(npu.model, npu.slot, &npu.state, npu.now);
    *memory = (struct dcmi_get_memory_info_stru){
        .memory_size = size, .memory_available = used < size ? size - used : 0, .freq = npu.model->hbm ? 1200 : npu.model->clock_memory,
        .hugepagesize = 2048, .hugepages_total = 15, .hugepages_free = 15, .utiliza = (uint32_t)(used * 100 / size),
    };
    if (lies(&npu, LIES_ABSURD)) memory->memory_available = UINT64_MAX;
    return DCMI_OK;
}
EXPORT_V1(dcmi_get_device_memory_info_v3, memory_info, (struct dcmi_get_memory_info_stru *memory), (memory))

/* Bytes each; at most 32 processes. */
static int processes(const char *symbol, struct npu_id id, struct dcmi_proc_mem_info *process, int *count)
{
    struct npu_view npu;
    ENTER_NPU(symbol, id, process != NULL && count != NULL, &npu);
    *count = 0;
    for (size_t i = 0; i < SIM_MAX_PROCESSES; i++)
        if (sim_process_runs(&npu.state.process[i]))
            process[(*count)++] = (struct dcmi_proc_mem_info){ .proc_id = (int32_t)npu.state.process[i].pid, .proc_mem_usage = npu.state.process[i].memory };
    if (lies(&npu, LIES_ABSURD)) *count = 1000;
    return DCMI_OK;
}
EXPORT_BOTH(dcmi_get_device_resource_info, dcmiv2_get_device_proc_mem_info, processes, (struct dcmi_proc_mem_info *process, int *count), (process, count))
