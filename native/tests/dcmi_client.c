#define _GNU_SOURCE
#include "dcmi_client.h"
#include "harness.h"

const struct dcmi_client *dcmi_open(const char *build)
{
    static struct dcmi_client client;
    char path[512];
    snprintf(path, sizeof path, "%s/%s/libdcmi.so", products, build);
    void *library = open_library(path);
#define LOOK_UP(name, parameters) find_symbol(library, #name, &client.name);
    DCMI_FUNCTIONS(LOOK_UP)
    DCMI_V2_FUNCTIONS(LOOK_UP)
    LOOK_UP(aiinfraSimulator, (void))
#undef LOOK_UP
    return &client;
}

const struct dcmi_client *dcmi_start(const char *scenario)
{
    use_scenario(scenario);
    const struct dcmi_client *client = dcmi_open(".");
    CHECK_EQUAL(DCMI_OK, client->dcmi_init());
    return client;
}
