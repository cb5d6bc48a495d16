#include "unit_model.h"

#include "node_model.h"

#include <stdio.h>
#include <string.h>

struct unit_place unit_place(const struct unit_group *group, unsigned unit)
{
    struct unit_place place = group->place[unit % group->places];
    place.domain += unit / group->places; /* more units than the model has: as many more hosts' worth of buses */
    return place;
}

/* Members of a group are all linked; with one link too few for that, not to the one opposite. */
static bool linked(const struct unit_model *model, unsigned one, unsigned other)
{
    return one != other && (model->links == model->link_group - 1 || other != (one ^ (model->link_group - 1)));
}

bool unit_peer(const struct unit_model *model, unsigned units, unsigned unit, unsigned link, unsigned *peer, unsigned *peer_link)
{
    if (link >= model->links) return false;
    const unsigned size = model->link_group, first = unit / size * size, self = unit - first;
    unsigned other = 0, at = 0;
    for (; other < size; other++)
        if (linked(model, self, other) && at++ == link) break;
    if (other == size || first + other >= units) return false;
    *peer_link = 0;
    for (unsigned i = 0; i < self; i++) *peer_link += linked(model, other, i);
    *peer = first + other;
    return true;
}

const struct unit_profile *unit_profile_find(const struct unit_model *model, const char *name)
{
    for (const struct unit_profile *profile = model->profiles; profile != NULL && profile->name != NULL; profile++)
        if (strcmp(profile->name, name) == 0) return profile;
    return NULL;
}

uint64_t unit_serial(const struct unit_group *group, unsigned unit) { return group->serial_base + unit * 41; }

void unit_uuid(const struct unit_group *group, unsigned unit, unsigned part, char out[37])
{
    const unsigned who[] = { unit, part };
    const char *name = group->model->name;
    uint64_t high = sim_hash(sim_hash(group->serial_base, name, strlen(name)), who, sizeof who), low = sim_hash(high, who, sizeof who);
    snprintf(out, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xffff, (unsigned)high & 0xfff,
             ((unsigned)(low >> 48) & 0x3fff) | 0x8000, (unsigned long long)(low & UINT64_C(0xffffffffffff)));
}

void unit_address(const struct unit_place *place, char out[16])
{
    snprintf(out, 16, "%04x:%02x:00.0", place->domain & 0xffff, place->bus & 0xff);
}
