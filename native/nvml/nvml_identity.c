/* Which GPUs there are and who they are (NVML: Device Queries). */
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
    *count = library.scenario->model->gpus; /* a lost GPU is counted; its handle is what fails */
    library_unlock();
    return NVML_SUCCESS;
}

static bool has_uuid(unsigned gpu, const void *wanted)
{
    char uuid[41];
    node_model_uuid(library.scenario->model, gpu, uuid);
    return strcasecmp(uuid, wanted) == 0;
}

static bool has_bus(unsigned gpu, const void *wanted)
{
    return library.scenario->model->place[gpu].bus == *(const unsigned *)wanted;
}

/* A lookup touches the GPU that it finds, and no other: that one may hang or be lost. */
static nvmlReturn_t find(const char *symbol, const void *argument, nvmlDevice_t *device,
                         bool (*is)(unsigned gpu, const void *wanted), const void *wanted)
{
    nvmlReturn_t result = library_lock(symbol, false);
    if (result != NVML_SUCCESS) return result;
    if (library.references == 0) result = NVML_ERROR_UNINITIALIZED;
    else if (argument == NULL || device == NULL) result = NVML_ERROR_INVALID_ARGUMENT;
    else {
        unsigned gpu = 0, count = library.scenario->model->gpus;
        while (gpu < count && !is(gpu, wanted)) gpu++;
        struct gpu_view view;
        result = gpu < count ? library_view(gpu, &view) : NVML_ERROR_NOT_FOUND;
        if (result == NVML_SUCCESS) *device = library_handle(gpu);
    }
    library_unlock();
    return result;
}

static bool has_index(unsigned gpu, const void *wanted) { return gpu == *(const unsigned *)wanted; }

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
static bool parse_bus_id(const char *text, unsigned *bus)
{
    unsigned domain = 0, device = 0, function = 0;
    int used = 0;
    if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, bus, &device, &function, &used) != 4 || text[used] != '\0') {
        domain = function = 0;
        if ((sscanf(text, "%8x:%2x:%2x%n", &domain, bus, &device, &used) != 3 || text[used] != '\0')) {
            domain = 0;
            if (sscanf(text, "%2x:%2x.%1x%n", bus, &device, &function, &used) != 3 || text[used] != '\0') return false;
        }
    }
    return domain == 0 && device == 0 && function == 0;
}

EXPORT nvmlReturn_t nvmlDeviceGetHandleByPciBusId_v2(const char *pciBusId, nvmlDevice_t *device)
{
    unsigned bus = ~0u; /* no GPU's: a malformed address is one that is not found */
    if (pciBusId != NULL && !parse_bus_id(pciBusId, &bus)) bus = ~0u;
    return find(__func__, pciBusId, device, has_bus, &bus);
}

EXPORT nvmlReturn_t nvmlDeviceGetIndex(nvmlDevice_t device, unsigned *index)
{
    struct gpu_view gpu;
    ENTER_GPU(device, index != NULL, &gpu);
    *index = gpu.index;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetMinorNumber(nvmlDevice_t device, unsigned *minor)
{
    struct gpu_view gpu;
    ENTER_GPU(device, minor != NULL, &gpu);
    *minor = gpu.index;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetModuleId(nvmlDevice_t device, unsigned *moduleId)
{
    struct gpu_view gpu;
    ENTER_GPU(device, moduleId != NULL, &gpu);
    if (!gpu.model->sxm) return NVML_ERROR_NOT_SUPPORTED;
    *moduleId = gpu.index + 1;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char *uuid, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, uuid != NULL, &gpu);
    char text[41];
    node_model_uuid(gpu.model, gpu.index, text);
    return put_text(uuid, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetSerial(nvmlDevice_t device, char *serial, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, serial != NULL, &gpu);
    char text[30];
    node_model_serial(gpu.model, gpu.index, text);
    return put_text(serial, length, text);
}

EXPORT nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char *name, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, name != NULL, &gpu);
    return put_text(name, length, gpu.name);
}

EXPORT nvmlReturn_t nvmlDeviceGetVbiosVersion(nvmlDevice_t device, char *version, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, version != NULL, &gpu);
    return put_text(version, length, gpu.model->vbios);
}

EXPORT nvmlReturn_t nvmlDeviceGetBoardPartNumber(nvmlDevice_t device, char *partNumber, unsigned length)
{
    struct gpu_view gpu;
    ENTER_GPU(device, partNumber != NULL, &gpu);
    return put_text(partNumber, length, gpu.model->part_number);
}

EXPORT nvmlReturn_t nvmlDeviceGetBrand(nvmlDevice_t device, uint32_t *type)
{
    struct gpu_view gpu;
    ENTER_GPU(device, type != NULL, &gpu);
    *type = 14; /* NVML_BRAND_NVIDIA: what data centre boards report since the R460 drivers */
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetArchitecture(nvmlDevice_t device, uint32_t *arch)
{
    struct gpu_view gpu;
    ENTER_GPU(device, arch != NULL, &gpu);
    *arch = gpu.model->architecture;
    return NVML_SUCCESS;
}

EXPORT nvmlReturn_t nvmlDeviceGetCudaComputeCapability(nvmlDevice_t device, int *major, int *minor)
{
    struct gpu_view gpu;
    ENTER_GPU(device, major != NULL && minor != NULL, &gpu);
    *major = gpu.model->compute_major;
    *minor = gpu.model->compute_minor;
    return NVML_SUCCESS;
}
