/* Which GPUs there are, and their handles (NVML: Device Queries). A GPU that is gone does not count; those after it move up. */
#define _GNU_SOURCE
#include "library.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

EXPORT nvmlReturn_t nvmlDeviceGetCount_v2(unsigned *count)
{
    nvmlReturn_t result = library_enter(__func__, count != NULL);
    if (result != NVML_SUCCESS) return result;
    pthread_mutex_lock(&library.lock);
    *count = 0; /* a lost GPU is counted; its handle is what fails */
    for (unsigned slot = 0; slot < library.scenario->model->gpus; slot++) *count += sim_present(&library.state.gpu[slot]);
    library_unlock();
    return NVML_SUCCESS;
}

static bool has_uuid(unsigned slot, const void *wanted)
{
    char uuid[41];
    node_model_uuid(library.scenario->model, slot, uuid);
    return strcasecmp(uuid, wanted) == 0;
}

struct address { unsigned domain, bus; };

static bool has_address(unsigned slot, const void *wanted)
{
    const struct address *address = wanted;
    const struct gpu_place *place = &library.scenario->model->place[slot];
    return place->bus == address->bus && place->domain == address->domain;
}

static bool has_index(unsigned slot, const void *wanted)
{
    unsigned index = 0;
    for (unsigned i = 0; i < slot; i++) index += sim_present(&library.state.gpu[i]);
    return index == *(const unsigned *)wanted;
}

/* A lookup touches the GPU that it finds, and no other: that one may hang or be lost. With the lock held. */
static nvmlReturn_t find_gpu(nvmlDevice_t *device, bool (*is)(unsigned slot, const void *wanted), const void *wanted)
{
    unsigned slot = 0, count = library.scenario->model->gpus;
    while (slot < count && !(sim_present(&library.state.gpu[slot]) && is(slot, wanted))) slot++;
    struct gpu_view view;
    nvmlReturn_t result = slot < count ? library_view(slot, &view) : NVML_ERROR_NOT_FOUND;
    if (result == NVML_SUCCESS) *device = library_handle(slot);
    return result;
}

static nvmlReturn_t find_mig(nvmlDevice_t *device, const char *wanted)
{
    for (unsigned slot = 0; slot < library.scenario->model->gpus; slot++)
        for (unsigned place = 0; place < MIG_INSTANCES * MIG_SLICES; place++) {
            char uuid[41];
            unsigned gi = place / MIG_SLICES, ci = place % MIG_SLICES;
            if (!sim_present(&library.state.gpu[slot]) || !mig_has_compute(&library.state.gpu[slot].mig, gi, ci)) continue;
            node_model_mig_uuid(library.scenario->model, slot, gi, ci, uuid);
            if (strcasecmp(uuid, wanted) != 0) continue;
            struct gpu_view view;
            nvmlReturn_t result = library_view(slot, &view);
            if (result == NVML_SUCCESS) *device = library_mig_handle(slot, gi, ci);
            return result;
        }
    return NVML_ERROR_NOT_FOUND;
}

static nvmlReturn_t find(const char *symbol, const void *argument, nvmlDevice_t *device,
                         bool (*is)(unsigned slot, const void *wanted), const void *wanted)
{
    nvmlReturn_t result = library_lock(symbol, false);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (argument == NULL || device == NULL) result = NVML_ERROR_INVALID_ARGUMENT;
    else if (is == has_uuid && strncasecmp(wanted, "MIG-", 4) == 0) result = find_mig(device, wanted);
    else result = find_gpu(device, is, wanted);
    library_unlock();
    return result;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device)
{
    nvmlReturn_t result = find(__func__, &index, device, has_index, &index);
    return result == NVML_ERROR_NOT_FOUND ? NVML_ERROR_INVALID_ARGUMENT : result;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByUUID(const char *uuid, nvmlDevice_t *device)
{
    return find(__func__, uuid, device, has_uuid, uuid);
}

/* dddddddd:bb:dd.f and its shorter forms; what is left out is 0. */
static bool parse_address(const char *text, struct address *address)
{
    unsigned device = 0, function = 0;
    int used = 0;
    if (sscanf(text, "%8x:%2x:%2x.%1x%n", &address->domain, &address->bus, &device, &function, &used) != 4 || text[used] != '\0') {
        function = 0;
        if ((sscanf(text, "%8x:%2x:%2x%n", &address->domain, &address->bus, &device, &used) != 3 || text[used] != '\0')) {
            address->domain = 0;
            if (sscanf(text, "%2x:%2x.%1x%n", &address->bus, &device, &function, &used) != 3 || text[used] != '\0') return false;
        }
    }
    return device == 0 && function == 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pciBusId, nvmlDevice_t *device)
{
    struct address address = { 0, ~0u }; /* no GPU's: a malformed address is one that is not found */
    if (pciBusId != NULL && !parse_address(pciBusId, &address)) address.bus = ~0u;
    return find(__func__, pciBusId, device, has_address, &address);
}
