#define _GNU_SOURCE
#include "cndev_client.h"
#include "harness.h"

const struct cndev_client *cndev_open(const char *build)
{
    static struct cndev_client client;
    char path[512];
    snprintf(path, sizeof path, "%s/%s/libcndev.so", products, build);
    void *library = open_library(path);
#define LOOK_UP(name, parameters) find_symbol(library, "cndev" #name, &client.name);
    CNDEV_FUNCTIONS(LOOK_UP)
    LOOK_UP(GetMLULinkPortNumber, ())
    LOOK_UP(GetErrorString, ())
    LOOK_UP(GetCardNameStringByDevId, ())
    LOOK_UP(GetCardNameString, ())
#undef LOOK_UP
    find_symbol(library, "aiinfraSimulator", &client.aiinfraSimulator);
    return &client;
}

const struct cndev_client *cndev_start(const char *scenario)
{
    use_scenario(scenario);
    const struct cndev_client *client = cndev_open(".");
    CHECK_EQUAL(CNDEV_SUCCESS, client->Init(0));
    return client;
}

cndevDevice_t cndev_card(const struct cndev_client *client, int32_t index)
{
    cndevDevice_t card;
    CHECK_EQUAL(CNDEV_SUCCESS, client->GetDeviceHandleByIndex(index, &card));
    return card;
}
