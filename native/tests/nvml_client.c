#define _GNU_SOURCE
#include "harness.h"

#include <limits.h>
#include <stdio.h>

const struct nvml_client *client_open(const char *build)
{
    static struct nvml_client client;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s/libnvidia-ml.so.1", products, build);
    client.library = open_library(path);
#define LOOK_UP(member, symbol) find_symbol(client.library, symbol, &client.member);
    LOOK_UP(ErrorString, "nvmlErrorString")
    LOOK_UP(aiinfraSimulator, "aiinfraSimulator")
#define LOOK_UP_ONE(name, parameters) LOOK_UP(name, "nvml" #name)
    CLIENT_FUNCTIONS(LOOK_UP_ONE)
    return &client;
}

const struct nvml_client *client_start(void)
{
    const struct nvml_client *client = client_open("");
    CHECK_EQUAL(NVML_SUCCESS, client->Init_v2());
    return client;
}

nvmlDevice_t client_gpu(const struct nvml_client *client, unsigned index)
{
    nvmlDevice_t gpu;
    CHECK_EQUAL(NVML_SUCCESS, client->DeviceGetHandleByIndex_v2(index, &gpu));
    return gpu;
}

nvmlFieldValue_t client_field(const struct nvml_client *client, nvmlDevice_t gpu, unsigned field, unsigned scope)
{
    nvmlFieldValue_t row = { .fieldId = field, .scopeId = scope };
    CHECK_EQUAL(NVML_SUCCESS, client->DeviceGetFieldValues(gpu, 1, &row));
    return row;
}

nvmlEventSet_t client_event_set(const struct nvml_client *client, uint64_t types)
{
    nvmlEventSet_t set;
    CHECK_EQUAL(NVML_SUCCESS, client->EventSetCreate(&set));
    for (unsigned i = 0; i < 8; i++) CHECK_EQUAL(NVML_SUCCESS, client->DeviceRegisterEvents(client_gpu(client, i), types, set));
    return set;
}

nvmlReturn_t client_wait(const struct nvml_client *client, nvmlEventSet_t set, nvmlEventData_t *data)
{
    int64_t start = sim_monotonic();
    nvmlReturn_t result = client->EventSetWait_v2(set, data, CLIENT_LONG_WAIT);
    CHECK(sim_monotonic() - start < CLIENT_LONG_WAIT / 2 * INT64_C(1000000));
    return result;
}

void client_expect(const struct nvml_client *client, nvmlEventSet_t set, unsigned gpu, uint64_t type, uint64_t what)
{
    nvmlEventData_t data;
    CHECK_EQUAL(NVML_SUCCESS, client_wait(client, set, &data));
    CHECK_EQUAL(what, data.eventData);
    CHECK_EQUAL(type, data.eventType);
    CHECK(data.device == client_gpu(client, gpu));
    CHECK(data.gpuInstanceId == UINT32_MAX && data.computeInstanceId == UINT32_MAX);
}
