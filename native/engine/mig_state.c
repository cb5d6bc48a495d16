#include "mig_state.h"

#include <string.h>

static unsigned mask(unsigned start, unsigned size) { return ((1u << size) - 1) << start; }

void mig_clear(struct mig_state *mig) { memset(mig->instance, 0, sizeof mig->instance); }

bool mig_fits(const struct mig_state *mig, const struct mig_profile *profile, unsigned start)
{
    if (start >= profile->starts_end || start % profile->step != 0) return false;
    unsigned used = 0, slices = profile->slices, same = 0;
    for (unsigned id = 0; id < MIG_INSTANCES; id++) {
        const struct mig_instance *instance = &mig->instance[id];
        if (instance->profile == NULL) continue;
        used |= mask(instance->start, instance->profile->memory_slices);
        slices += instance->profile->slices;
        same += instance->profile == profile;
    }
    return (used & mask(start, profile->memory_slices)) == 0 && slices <= MIG_SLICES && same < profile->instances;
}

bool mig_find_place(const struct mig_state *mig, const struct mig_profile *profile, unsigned *start)
{
    for (*start = 0; *start < profile->starts_end; *start += profile->step)
        if (mig_fits(mig, profile, *start)) return true;
    return false;
}

bool mig_create(struct mig_state *mig, const struct mig_profile *profile, unsigned start)
{
    if (!mig_fits(mig, profile, start)) return false;
    mig->instance[mig_instance_id(profile->memory_slices, start)] = (struct mig_instance){ .profile = profile, .start = start };
    return true;
}

unsigned mig_capacity(const struct mig_state *mig, const struct mig_profile *profile)
{
    struct mig_state tried = *mig;
    unsigned count = 0, start;
    while (mig_find_place(&tried, profile, &start) && mig_create(&tried, profile, start)) count++;
    return count;
}

bool mig_compute_fits(const struct mig_instance *instance, unsigned slices, unsigned start)
{
    unsigned used = 0;
    for (unsigned id = 0; id < MIG_SLICES; id++) used |= mask(instance->compute[id].start, instance->compute[id].slices);
    return slices > 0 && start + slices <= instance->profile->slices && (used & mask(start, slices)) == 0;
}

bool mig_compute_find_place(const struct mig_instance *instance, unsigned slices, unsigned *start)
{
    for (*start = 0; *start < instance->profile->slices; ++*start)
        if (mig_compute_fits(instance, slices, *start)) return true;
    return false;
}

unsigned mig_compute_next_id(const struct mig_instance *instance)
{
    unsigned id = 0;
    while (id < MIG_SLICES && instance->compute[id].slices > 0) id++;
    return id;
}

bool mig_compute_create(struct mig_instance *instance, unsigned slices, unsigned start)
{
    unsigned id = mig_compute_next_id(instance);
    if (id == MIG_SLICES || !mig_compute_fits(instance, slices, start)) return false;
    instance->compute[id] = (struct mig_compute){ .slices = (uint8_t)slices, .start = (uint8_t)start };
    return true;
}

unsigned mig_first_compute(const struct mig_instance *instance)
{
    unsigned id = 0;
    while (id < MIG_SLICES && instance->compute[id].slices == 0) id++;
    return id;
}

bool mig_has_compute(const struct mig_state *mig, unsigned gi, unsigned ci)
{
    return gi < MIG_INSTANCES && ci < MIG_SLICES && mig->instance[gi].profile != NULL && mig->instance[gi].compute[ci].slices > 0;
}

unsigned mig_instances(const struct mig_state *mig)
{
    unsigned count = 0;
    for (unsigned id = 0; id < MIG_INSTANCES; id++) count += mig->instance[id].profile != NULL;
    return count;
}

void mig_divide(struct mig_state *mig, const struct mig_profile *table, const struct mig_layout *layout)
{
    mig_clear(mig);
    mig->enabled = mig->pending = true;
    for (unsigned i = 0; i < layout->count; i++) {
        const struct mig_profile *profile = mig_profile_by_id(table, layout->instance[i].id);
        if (profile == NULL || !mig_create(mig, profile, layout->instance[i].start)) continue;
        mig_compute_create(&mig->instance[mig_instance_id(profile->memory_slices, layout->instance[i].start)], profile->slices, 0);
    }
}
