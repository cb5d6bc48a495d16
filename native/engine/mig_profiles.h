/* How a GPU can be divided: the profiles of its board and where they may lie. */
#ifndef AIINFRA_MIG_PROFILES_H
#define AIINFRA_MIG_PROFILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MIG_SLICES = 7,          /* compute slices of a GPU; at most so many instances of either kind */
    MIG_MEMORY_SLICES = 8,
    MIG_INSTANCES = 15,      /* ids of GPU instances are 0 to 14 */
    MIG_GPU_PROFILES = 18,   /* NVML_GPU_INSTANCE_PROFILE_COUNT of 13.2 */
    MIG_COMPUTE_PROFILES = 9,
};

struct mig_profile {
    const char *name;        /* 1g.10gb; NULL ends a table */
    unsigned index, id;      /* NVML's enum, and the number that instances are asked for and shown with */
    unsigned slices, memory_slices, instances;
    unsigned step;           /* starts are 0, step, 2 * step, ... below starts_end */
    unsigned starts_end;
    unsigned processors, copies, decoders, jpegs, ofas;
    uint64_t memory_mb;
};

extern const struct mig_profile mig_a100[], mig_h100[], mig_h100_pcie[], mig_b200[], mig_gb200[];

const struct mig_profile *mig_profile_by_name(const struct mig_profile *table, const char *name);
const struct mig_profile *mig_profile_by_index(const struct mig_profile *table, unsigned index);
const struct mig_profile *mig_profile_by_id(const struct mig_profile *table, unsigned id);

/* The id of an instance follows from its place: no two that exist at once share one. */
unsigned mig_instance_id(unsigned memory_slices, unsigned start);

/* The slices of a compute instance by its profile, which is NVML's enum and the id in one; 0: no such profile. */
unsigned mig_compute_slices(unsigned profile);
/* The profile that takes so many slices. */
unsigned mig_compute_profile(unsigned slices);

/* A division as a scenario names it, with its places found. */
struct mig_layout {
    uint8_t count;
    struct { uint8_t id, start; } instance[MIG_SLICES];
};

/* Reads "3g.40gb,2g.20gb" and a count for a single profile (1 without). False: error says what would be right. */
bool mig_layout_parse(const struct mig_profile *table, const char *names, unsigned times, struct mig_layout *layout,
                      char *error, size_t size);

#endif
