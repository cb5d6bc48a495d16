#define _GNU_SOURCE
#include "levelzero_client.h"
#include "harness.h"

const struct lz_client *lz_open(const char *build)
{
    static struct lz_client client;
    char path[512];
    snprintf(path, sizeof path, "%s/%s/libze_loader.so.1", products, build);
    void *library = open_library(path);
#define LOOK_UP(name, parameters) find_symbol(library, #name, &client.name);
    LZ_FUNCTIONS(LOOK_UP)
    LZ_OTHER_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
    find_symbol(library, "aiinfraSimulator", &client.aiinfraSimulator);
    return &client;
}

const struct lz_client *lz_start(const char *scenario)
{
    use_scenario(scenario);
    const struct lz_client *client = lz_open(".");
    CHECK_EQUAL(ZE_SUCCESS, client->zesInit(0));
    return client;
}

ze_handle lz_driver(const struct lz_client *client)
{
    uint32_t count = 0;
    ze_handle driver = NULL;
    CHECK_EQUAL(ZE_SUCCESS, client->zesDriverGet(&count, NULL));
    CHECK_EQUAL(1, count);
    CHECK_EQUAL(ZE_SUCCESS, client->zesDriverGet(&count, &driver));
    return driver;
}

uint32_t lz_gpus(const struct lz_client *client, ze_handle gpus[LZ_MOST])
{
    uint32_t count = LZ_MOST;
    CHECK_EQUAL(ZE_SUCCESS, client->zesDeviceGet(lz_driver(client), &count, gpus));
    return count;
}

ze_handle lz_gpu(const struct lz_client *client, uint32_t index)
{
    ze_handle gpus[LZ_MOST];
    CHECK(lz_gpus(client, gpus) > index);
    return gpus[index];
}

uint32_t lz_count(ze_result (*enumerate)(ze_handle, uint32_t *, ze_handle *), ze_handle gpu)
{
    uint32_t count = 0;
    CHECK_EQUAL(ZE_SUCCESS, enumerate(gpu, &count, NULL));
    return count;
}

ze_handle lz_part(ze_result (*enumerate)(ze_handle, uint32_t *, ze_handle *), ze_handle gpu, uint32_t index)
{
    ze_handle parts[LZ_MOST];
    uint32_t count = LZ_MOST;
    CHECK_EQUAL(ZE_SUCCESS, enumerate(gpu, &count, parts));
    CHECK(index < count);
    return parts[index];
}
