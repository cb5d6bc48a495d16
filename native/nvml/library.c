#define _GNU_SOURCE
#include "library.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char library_default_scenario[] = "";

/* Handles point into here, stay the same over shutdown and start, and say by their place which GPU they mean:
   for each GPU itself, then its MIG devices by the ids of their instances. */
enum { HANDLES = 1 + MIG_INSTANCES * MIG_SLICES };
static struct nvmlDevice_st { char place; } devices[SIM_MAX_GPUS * HANDLES];

nvmlReturn_t library_lock(const char *symbol, bool look)
{
    return library_take(symbol, look) ? NVML_SUCCESS : NVML_ERROR_FUNCTION_NOT_FOUND;
}

nvmlReturn_t library_enter(const char *symbol, bool arguments)
{
    nvmlReturn_t result = library_lock(symbol, false);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (!arguments) result = NVML_ERROR_INVALID_ARGUMENT;
    library_unlock();
    return result;
}

bool library_outdated(void)
{
    return library.state.driver_changed_at > library_loaded_at();
}

static void fill_view(unsigned slot, struct gpu_view *view)
{
    *view = (struct gpu_view){ .slot = slot, .node = library.scenario->model, .model = library.scenario->model->gpu[slot],
                               .state = library.state.gpu[slot], .gi = UINT32_MAX, .ci = UINT32_MAX, .now = library.now };
    for (unsigned i = 0; i < slot; i++) view->index += sim_present(&library.state.gpu[i]);
    const char *name = library.scenario->gpu[slot].name, *version = library.state.driver_version;
    snprintf(view->name, sizeof view->name, "%s", *name != '\0' ? name : view->model->gpu_name);
    view->driver_major = (unsigned)strtoul(*version != '\0' ? version : nvml_build.driver_version, NULL, 10);
}

nvmlReturn_t library_view(unsigned slot, struct gpu_view *view)
{
    while (library.state.gpu[slot].hung && sim_present(&library.state.gpu[slot])) {
        library_look_again();
        if (library.references == 0) return NVML_ERROR_UNINITIALIZED;
    }
    if (slot >= library.scenario->model->gpus) return NVML_ERROR_INVALID_ARGUMENT;
    const struct gpu_state *gpu = &library.state.gpu[slot];
    if (gpu->lost || !sim_present(gpu) || library_outdated()) return NVML_ERROR_GPU_IS_LOST;
    if (gpu->needs_reset) return NVML_ERROR_RESET_REQUIRED;
    fill_view(slot, view);
    return NVML_SUCCESS;
}

static nvmlReturn_t enter(const char *symbol, nvmlDevice_t device, bool arguments, bool mig, struct gpu_view *view)
{
    nvmlReturn_t result = library_lock(symbol, false);
    if (result != NVML_SUCCESS) return result;
    unsigned slot;
    uint32_t gi, ci;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (!arguments || !library_place(device, &slot, &gi, &ci)) result = NVML_ERROR_INVALID_ARGUMENT;
    else if ((result = library_view(slot, view)) == NVML_SUCCESS && gi != UINT32_MAX) {
        view->gi = gi;
        view->ci = ci;
        if (!mig) result = NVML_ERROR_NOT_SUPPORTED;
        /* The handle of an instance that was destroyed is a handle of nothing. */
        else if (!mig_has_compute(&view->state.mig, gi, ci)) result = NVML_ERROR_INVALID_ARGUMENT;
    }
    library_unlock();
    return result;
}

nvmlReturn_t library_enter_gpu(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *view)
{
    return enter(symbol, device, arguments, false, view);
}

nvmlReturn_t library_enter_any(const char *symbol, nvmlDevice_t device, bool arguments, struct gpu_view *view)
{
    return enter(symbol, device, arguments, true, view);
}

nvmlDevice_t library_handle(unsigned slot) { return &devices[slot * HANDLES]; }

nvmlDevice_t library_mig_handle(unsigned slot, unsigned gi, unsigned ci) { return &devices[slot * HANDLES + 1 + gi * MIG_SLICES + ci]; }

bool library_place(nvmlDevice_t device, unsigned *slot, uint32_t *gi, uint32_t *ci)
{
    uintptr_t place = (uintptr_t)device - (uintptr_t)devices;
    if (place % sizeof devices[0] != 0 || place / sizeof devices[0] >= (uintptr_t)library.scenario->model->gpus * HANDLES) return false;
    place /= sizeof devices[0];
    *slot = (unsigned)(place / HANDLES);
    unsigned rest = (unsigned)(place % HANDLES);
    *gi = rest == 0 ? UINT32_MAX : (rest - 1) / MIG_SLICES;
    *ci = rest == 0 ? UINT32_MAX : (rest - 1) % MIG_SLICES;
    return true;
}

bool version_fits(const struct gpu_view *gpu, uint32_t given, uint32_t wanted)
{
    return given == wanted && (gpu->state.lies & LIES_SIZE) == 0;
}

nvmlReturn_t library_command(const char *format, ...)
{
    char command[96];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return library_inject(command) ? NVML_SUCCESS : NVML_ERROR_NO_PERMISSION;
}

nvmlReturn_t put_text(char *out, unsigned length, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > length) return NVML_ERROR_INSUFFICIENT_SIZE;
    memcpy(out, text, size);
    return NVML_SUCCESS;
}
