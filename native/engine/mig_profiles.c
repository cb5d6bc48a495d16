/* The profiles are those that NVIDIA's MIG user guide tabulates; counts of engines and processors as nvidia-smi mig -lgip prints them,
   on Blackwell in proportion to the slices. */
#include "mig_profiles.h"

#include <stdio.h>
#include <string.h>

/*       name, index, id, slices, memory, instances, step, end, processors, copies, decoders, jpegs, ofas, MiB */
const struct mig_profile mig_a100[] = {
    { "1g.10gb", 0, 19, 1, 1, 7, 1, 7, 14, 1, 0, 0, 0, 9728 },
    { "1g.10gb+me", 7, 20, 1, 1, 1, 1, 7, 14, 1, 1, 1, 1, 9728 },
    { "1g.20gb", 9, 15, 1, 2, 4, 2, 7, 14, 1, 1, 0, 0, 19968 },
    { "2g.20gb", 1, 14, 2, 2, 3, 2, 5, 28, 2, 1, 0, 0, 19968 },
    { "3g.40gb", 2, 9, 3, 4, 2, 4, 5, 42, 3, 2, 0, 0, 40192 },
    { "4g.40gb", 3, 5, 4, 4, 1, 4, 1, 56, 4, 2, 0, 0, 40192 },
    { "7g.80gb", 4, 0, 7, 8, 1, 8, 1, 98, 7, 5, 1, 1, 80896 },
    { 0 },
};
const struct mig_profile mig_h100[] = {
    { "1g.10gb", 0, 19, 1, 1, 7, 1, 7, 16, 1, 1, 1, 0, 9984 },
    { "1g.10gb+me", 7, 20, 1, 1, 1, 1, 7, 16, 1, 1, 1, 1, 9984 },
    { "1g.20gb", 9, 15, 1, 2, 4, 2, 7, 26, 1, 1, 1, 0, 20096 },
    { "2g.20gb", 1, 14, 2, 2, 3, 2, 5, 32, 2, 2, 2, 0, 20096 },
    { "3g.40gb", 2, 9, 3, 4, 2, 4, 5, 60, 3, 3, 3, 0, 40448 },
    { "4g.40gb", 3, 5, 4, 4, 1, 4, 1, 64, 4, 4, 4, 0, 40448 },
    { "7g.80gb", 4, 0, 7, 8, 1, 8, 1, 132, 8, 7, 7, 1, 81152 },
    { 0 },
};
const struct mig_profile mig_h100_pcie[] = {
    { "1g.10gb", 0, 19, 1, 1, 7, 1, 7, 14, 1, 1, 1, 0, 9984 },
    { "1g.10gb+me", 7, 20, 1, 1, 1, 1, 7, 14, 1, 1, 1, 1, 9984 },
    { "1g.20gb", 9, 15, 1, 2, 4, 2, 7, 26, 1, 1, 1, 0, 20096 },
    { "2g.20gb", 1, 14, 2, 2, 3, 2, 5, 30, 2, 2, 2, 0, 20096 },
    { "3g.40gb", 2, 9, 3, 4, 2, 4, 5, 46, 3, 3, 3, 0, 40448 },
    { "4g.40gb", 3, 5, 4, 4, 1, 4, 1, 60, 4, 4, 4, 0, 40448 },
    { "7g.80gb", 4, 0, 7, 8, 1, 8, 1, 114, 8, 7, 7, 1, 81152 },
    { 0 },
};
const struct mig_profile mig_b200[] = {
    { "1g.23gb", 0, 19, 1, 1, 7, 1, 7, 18, 2, 1, 1, 0, 22784 },
    { "1g.23gb+me", 7, 20, 1, 1, 1, 1, 7, 18, 2, 1, 1, 1, 22784 },
    { "1g.45gb", 9, 15, 1, 2, 4, 2, 7, 30, 2, 1, 1, 0, 45568 },
    { "2g.45gb", 1, 14, 2, 2, 3, 2, 5, 36, 4, 2, 2, 0, 45568 },
    { "3g.90gb", 2, 9, 3, 4, 2, 4, 5, 70, 6, 3, 3, 0, 91392 },
    { "4g.90gb", 3, 5, 4, 4, 1, 4, 1, 74, 8, 4, 4, 0, 91392 },
    { "7g.180gb", 4, 0, 7, 8, 1, 8, 1, 148, 16, 7, 7, 1, 182784 },
    { 0 },
};
const struct mig_profile mig_gb200[] = {
    { "1g.24gb", 0, 19, 1, 1, 7, 1, 7, 18, 2, 1, 1, 0, 23552 },
    { "1g.24gb+me", 7, 20, 1, 1, 1, 1, 7, 18, 2, 1, 1, 1, 23552 },
    { "1g.47gb", 9, 15, 1, 2, 4, 2, 7, 30, 2, 1, 1, 0, 47104 },
    { "2g.47gb", 1, 14, 2, 2, 3, 2, 5, 36, 4, 2, 2, 0, 47104 },
    { "3g.95gb", 2, 9, 3, 4, 2, 4, 5, 70, 6, 3, 3, 0, 94208 },
    { "4g.95gb", 3, 5, 4, 4, 1, 4, 1, 74, 8, 4, 4, 0, 94208 },
    { "7g.189gb", 4, 0, 7, 8, 1, 8, 1, 152, 16, 7, 7, 1, 188416 },
    { 0 },
};

const struct mig_profile *mig_profile_by_name(const struct mig_profile *table, const char *name)
{
    for (; table != NULL && table->name != NULL; table++)
        if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

const struct mig_profile *mig_profile_by_index(const struct mig_profile *table, unsigned index)
{
    for (; table != NULL && table->name != NULL; table++)
        if (table->index == index) return table;
    return NULL;
}

const struct mig_profile *mig_profile_by_id(const struct mig_profile *table, unsigned id)
{
    for (; table != NULL && table->name != NULL; table++)
        if (table->id == id) return table;
    return NULL;
}

unsigned mig_instance_id(unsigned memory_slices, unsigned start)
{
    switch (memory_slices) {
    case 8: return 0;
    case 4: return 1 + start / 4;
    case 2: return 3 + start / 2;
    default: return 7 + start;
    }
}

static const unsigned compute_slices[MIG_COMPUTE_PROFILES] = { 1, 2, 3, 4, 7 }; /* the rest is of other boards */

unsigned mig_compute_slices(unsigned profile) { return profile < MIG_COMPUTE_PROFILES ? compute_slices[profile] : 0; }

unsigned mig_compute_profile(unsigned slices) { return slices == 7 ? 4 : slices - 1; }

/* The first free place, the upper half first for what may lie in both: so 3g and 4g fit together, as they do on a board. */
static bool place(const struct mig_profile *profile, unsigned *used, struct mig_layout *layout)
{
    for (unsigned start = 0; start < profile->starts_end; start += profile->step) {
        unsigned at = profile->memory_slices == 4 ? profile->starts_end - 1 - start : start;
        unsigned bits = ((1u << profile->memory_slices) - 1) << at;
        if ((*used & bits) != 0 || layout->count == MIG_SLICES) continue;
        *used |= bits;
        layout->instance[layout->count].id = (uint8_t)profile->id;
        layout->instance[layout->count++].start = (uint8_t)at;
        return true;
    }
    return false;
}

bool mig_layout_parse(const struct mig_profile *table, const char *names, unsigned times, struct mig_layout *layout,
                      char *error, size_t size)
{
    unsigned used = 0, slices = 0;
    *layout = (struct mig_layout){ 0 };
    for (const char *at = names; *at != '\0';) {
        char name[24];
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1), at);
        const struct mig_profile *profile = mig_profile_by_name(table, name);
        if (profile == NULL) {
            int wrote = snprintf(error, size, "this GPU has no such MIG profile; there are");
            for (; table != NULL && table->name != NULL; table++)
                wrote += snprintf(error + wrote, size - (size_t)wrote, " %s", table->name);
            return false;
        }
        for (unsigned i = 0; i < times; i++) {
            unsigned same = 1;
            for (unsigned j = 0; j < layout->count; j++) same += layout->instance[j].id == profile->id;
            slices += profile->slices;
            if (slices <= MIG_SLICES && same <= profile->instances && place(profile, &used, layout)) continue;
            snprintf(error, size, "the instances do not fit into one GPU; it has 7 slices, and %s fits %u times", name, profile->instances);
            return false;
        }
        at += length + (at[length] == ',');
    }
    if (layout->count > 0) return true;
    snprintf(error, size, "names no instance; right would be for example: mig %s x7", table != NULL ? table->name : "1g.10gb");
    return false;
}
