/* Drain, removal and discovery of a GPU, named by its PCI address (NVML: Drain States). */
#include "library.h"

enum { NOWHERE = SIM_MAX_GPUS };

/* The slot at an address, gone or not; with the lock held. */
static unsigned slot_at(const nvmlPciInfo_t *pci)
{
    for (unsigned slot = 0; slot < library.scenario->model->gpus; slot++) {
        const struct gpu_place *place = &library.scenario->model->place[slot];
        if (place->bus == pci->bus && place->domain == pci->domain && pci->device == 0) return slot;
    }
    return NOWHERE;
}

/* 2 for an address of no GPU, and of a removed one unless that is asked for. */
static nvmlReturn_t enter_address(const char *symbol, const nvmlPciInfo_t *pci, bool arguments, bool removed, unsigned *slot, struct gpu_state *state)
{
    nvmlReturn_t result = library_enter(symbol, arguments && pci != NULL);
    if (result != NVML_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    *slot = slot_at(pci);
    if (*slot == NOWHERE) result = NVML_ERROR_INVALID_ARGUMENT;
    else *state = library.state.gpu[*slot];
    library_unlock();
    return result == NVML_SUCCESS && state->removed && !removed ? NVML_ERROR_INVALID_ARGUMENT : result;
}

EXPORT nvmlReturn_t nvmlDeviceQueryDrainState(nvmlPciInfo_t *pciInfo, nvmlEnableState_t *currentState)
{
    unsigned slot;
    struct gpu_state state;
    nvmlReturn_t result = enter_address(__func__, pciInfo, currentState != NULL, false, &slot, &state);
    if (result == NVML_SUCCESS) *currentState = state.drained;
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceModifyDrainState(nvmlPciInfo_t *pciInfo, nvmlEnableState_t newState)
{
    unsigned slot;
    struct gpu_state state;
    nvmlReturn_t result = enter_address(__func__, pciInfo, newState <= 1, false, &slot, &state);
    if (result != NVML_SUCCESS) return result;
    if (newState == 1 && sim_process_count(&state) > 0) return NVML_ERROR_IN_USE;
    return library_command("gpu %u drain %s", slot, newState == 1 ? "on" : "off");
}

/* A GPU is drained before it goes, and nobody uses it. */
EXPORT nvmlReturn_t nvmlDeviceRemoveGpu_v2(nvmlPciInfo_t *pciInfo, uint32_t gpuState, uint32_t linkState)
{
    unsigned slot;
    struct gpu_state state;
    nvmlReturn_t result = enter_address(__func__, pciInfo, gpuState <= 1 && linkState <= 1, false, &slot, &state);
    if (result != NVML_SUCCESS) return result;
    if (!state.drained || sim_process_count(&state) > 0) return NVML_ERROR_IN_USE;
    return library_command("gpu %u remove", slot);
}

EXPORT nvmlReturn_t nvmlDeviceDiscoverGpus(nvmlPciInfo_t *pciInfo)
{
    unsigned slot;
    struct gpu_state state;
    nvmlReturn_t result = enter_address(__func__, pciInfo, true, true, &slot, &state);
    if (result != NVML_SUCCESS) return result;
    return state.removed ? library_command("gpu %u add", slot) : NVML_SUCCESS;
}
