#include "scenario_apply.h"

/* Xids after which NVIDIA's catalogue asks for a reset of the GPU; 79 asks for more and stands apart. */
static bool asks_for_reset(int64_t xid)
{
    static const int codes[] = { 46, 48, 62, 64, 74, 95, 110, 119, 120, 140, 143 };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i] == xid) return true;
    return false;
}

static void xid(struct gpu_state *gpu, int64_t code)
{
    if (code == 79) {
        gpu->lost = gpu->lost_for_good = true;
        gpu->recovery = 2; /* node reboot */
        return;
    }
    if (code == 48) {
        gpu->ecc_volatile[1]++;
        gpu->ecc_aggregate[1]++;
    }
    if (asks_for_reset(code) && gpu->recovery == 0) gpu->recovery = 1;
}

static void ecc(struct gpu_state *gpu, unsigned type, int64_t count)
{
    gpu->ecc_volatile[type] += (uint64_t)count;
    gpu->ecc_aggregate[type] += (uint64_t)count;
}

/* The energy up to now is settled before the power changes. */
static void settle_energy(const struct gpu_model *model, unsigned index, struct gpu_state *gpu, int64_t at)
{
    gpu->energy_mj = sim_energy_mj(model, index, gpu, at);
    gpu->energy_at = at;
}

static void throttle(struct gpu_state *gpu, uint64_t bits, int64_t at)
{
    for (unsigned reason = 0; reason < SIM_REASONS; reason++) gpu->throttled[reason] = sim_throttled(gpu, reason, at);
    gpu->throttle = bits;
    gpu->throttle_since = at;
}

/* The event bit of NVML that a command raises (NVML: Event Types); 0: none. */
static uint32_t event_of(const struct sim_action *action)
{
    switch (action->kind) {
    case SIM_ECC_CORRECTED: return 1;
    case SIM_ECC_UNCORRECTED: case SIM_ECC_SRAM: return 2;
    case SIM_PSTATE: return 4;
    case SIM_XID: case SIM_MIG_XID: case SIM_MIG_CI_XID: return 8;
    case SIM_CLOCK: return 0x10;
    case SIM_EVENT: return (uint32_t)action->value;
    case SIM_UNAVAILABLE: return 0x4000;
    default: return 0;
    }
}

bool gpu_apply_fault(const struct gpu_model *model, struct sim_entry *entry, struct gpu_state *gpu)
{
    const struct sim_action *action = &entry->action;
    int64_t value = action->value;
    entry->events |= event_of(action);
    switch (action->kind) {
    case SIM_XID: xid(gpu, value); break;
    case SIM_LOST: gpu->lost = true; break;
    case SIM_HANG: gpu->hung = true; break;
    case SIM_UNHANG: gpu->hung = false; break;
    case SIM_ECC_CORRECTED: ecc(gpu, 0, value); break;
    case SIM_ECC_UNCORRECTED: ecc(gpu, 1, value); break;
    case SIM_ECC_SRAM:
        ecc(gpu, 1, value);
        gpu->sram_volatile += (uint64_t)value;
        gpu->sram_aggregate += (uint64_t)value;
        break;
    case SIM_ECC_SRAM_THRESHOLD: gpu->sram_threshold = true; break;
    case SIM_REPAIR: gpu->repair = (unsigned)value; break;
    case SIM_UNREPAIRABLE: gpu->unrepairable = true; break;
    case SIM_INFOROM: gpu->inforom_corrupted = value != 0; break;
    case SIM_RECOVERY: gpu->recovery = (unsigned)value; break;
    case SIM_UNAVAILABLE:
        gpu->needs_reset = true;
        if (gpu->recovery == 0) gpu->recovery = 1;
        break;
    case SIM_REMAP_PENDING: gpu->remap_pending = true; break;
    case SIM_REMAP_FAILED: gpu->remap_failed = true; break;
    case SIM_REMAP_UNCORRECTABLE: gpu->remap_uncorrectable = (unsigned)value; break;
    case SIM_REMAP_CORRECTABLE: gpu->remap_correctable = (unsigned)value; break;
    case SIM_THROTTLE: throttle(gpu, (uint64_t)value, entry->at); break;
    case SIM_TEMPERATURE: gpu->temperature = (int)value; break;
    case SIM_POWER: settle_energy(model, action->device, gpu, entry->at); gpu->power = (int)value; break;
    case SIM_UTILIZATION: settle_energy(model, action->device, gpu, entry->at); gpu->utilization = (int)value; break;
    case SIM_PSTATE: gpu->pstate = (unsigned)value; break;
    case SIM_CLOCK: gpu->clock = (int)value; break;
    case SIM_LINK_DOWN: gpu->links_down |= UINT64_C(1) << value; break;
    case SIM_LINK_UP: gpu->links_down &= ~(UINT64_C(1) << value); break;
    case SIM_LINK_ERRORS: gpu->link_errors[action->more[1]][action->more[0]] += (uint32_t)value; break;
    case SIM_PCIE_ERRORS: gpu->pcie_errors[action->more[0]] += (uint64_t)value; break;
    case SIM_FABRIC: gpu->fabric = (unsigned)value; break;
    case SIM_FABRIC_HEALTH: gpu->fabric_health = (unsigned)value; break;
    case SIM_LIES: gpu->lies = value == 0 ? 0 : gpu->lies | (unsigned)value; break;
    case SIM_EVENT: break;
    default: return false;
    }
    return true;
}
