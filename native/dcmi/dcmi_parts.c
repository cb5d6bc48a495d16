/* vNPUs: what there is of them, and their making and end. Ids run over the host: 100 + 16 for each device. */
#define _GNU_SOURCE
#include "dcmi_parts.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_ID = 100, ANY_ID = 0xffffffff };

static uint32_t id_of(const struct npu_view *npu, unsigned part) { return FIRST_ID + npu->slot * UNIT_PARTS + part; }

static bool find(const struct npu_view *npu, uint32_t id, unsigned *part)
{
    if (id < id_of(npu, 0)) return false;
    *part = id - id_of(npu, 0);
    return *part < UNIT_PARTS && npu->state.part[*part].used;
}

static void put_resources(const struct unit_profile *profile, struct dcmi_computing_resource *computing, struct dcmi_media_resource *media)
{
    computing->aic = (float)profile->cores;
    computing->aiv = (float)profile->cores;
    computing->memory_size = profile->memory_mb;
    computing->device_aicpu = (uint16_t)profile->cpus;
    media->vdec = media->jpegd = (float)profile->codecs;
}

int dcmi_part_query(const struct npu_view *npu, void *buffer, uint32_t *size, bool activity)
{
    unsigned part;
    struct dcmi_vdev_query_stru query = { 0 };
    if (*size < sizeof query) return DCMI_PARAMETER;
    memcpy(&query.vdev_id, buffer, sizeof query.vdev_id);
    if (!find(npu, query.vdev_id, &part)) return DCMI_PARAMETER;
    const struct unit_profile *profile = npu->state.part[part].profile;
    put_resources(profile, &query.query_info.computing, &query.query_info.media);
    snprintf(query.query_info.name, sizeof query.query_info.name, "%s", profile->name);
    query.query_info.vfid = part + 1;
    if (activity) {
        query.query_info.computing.vdev_aicore_utilization = unit_utilization(npu->slot + part, &npu->state, npu->now);
        query.query_info.computing.vdev_memory_total = profile->memory_mb << 10;
        query.query_info.computing.vdev_memory_free = (profile->memory_mb << 10) / 4 * 3;
    }
    memcpy(buffer, &query, sizeof query);
    *size = sizeof query;
    return DCMI_OK;
}

/* The resources of the whole device less those of so many parts. */
static void put_rest(const struct npu_view *npu, unsigned parts, struct dcmi_computing_resource *computing, struct dcmi_media_resource *media)
{
    struct unit_profile rest = { .cores = npu->model->cores, .cpus = npu->model->cpus, .codecs = npu->model->codecs, .memory_mb = npu->model->memory_mb };
    for (unsigned i = 0; i < parts; i++) {
        const struct unit_part *part = &npu->state.part[i];
        if (!part->used) continue;
        rest.cores -= part->profile->cores;
        rest.cpus -= part->profile->cpus < rest.cpus ? part->profile->cpus : rest.cpus;
        rest.codecs -= part->profile->codecs < rest.codecs ? part->profile->codecs : rest.codecs;
        rest.memory_mb -= part->memory_mb;
    }
    put_resources(&rest, computing, media);
}

int dcmi_part_totals(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    struct dcmi_soc_total_resource total = { 0 };
    if (*size < sizeof total) return DCMI_PARAMETER;
    for (unsigned i = 0; i < UNIT_PARTS; i++)
        if (npu->state.part[i].used) total.vdev_id[total.vdev_num++] = id_of(npu, i);
    put_rest(npu, 0, &total.computing, &total.media);
    if (lies(npu, LIES_ABSURD)) total.vdev_num = 5000;
    memcpy(buffer, &total, sizeof total);
    *size = sizeof total;
    return DCMI_OK;
}

int dcmi_part_free(const struct npu_view *npu, void *buffer, uint32_t *size)
{
    struct dcmi_soc_free_resource left = { 0 };
    if (*size < sizeof left) return DCMI_PARAMETER;
    put_rest(npu, UNIT_PARTS, &left.computing, &left.media);
    memcpy(buffer, &left, sizeof left);
    *size = sizeof left;
    return DCMI_OK;
}

/* Which free place the engine will take; UNIT_PARTS: none. */
static unsigned next_part(const struct unit_state *unit)
{
    unsigned part = 0;
    while (part < UNIT_PARTS && unit->part[part].used) part++;
    return part;
}

/* A wanted id is refused unless it is the next one: the host gives ids by place. */
EXPORT int dcmi_create_vdevice(int card_id, int device_id, struct dcmi_create_vdev_res_stru *vdev, struct dcmi_create_vdev_out *out)
{
    struct npu_view npu;
    ENTER_NPU(__func__, of_card(card_id, device_id), vdev != NULL && out != NULL, &npu);
    char name[sizeof vdev->template_name + 1];
    memcpy(name, vdev->template_name, sizeof vdev->template_name);
    name[sizeof name - 1] = '\0';
    const struct unit_profile *profile = unit_profile_find(npu.model, name);
    if (profile == NULL) return npu.model->profiles == NULL ? DCMI_NOT_SUPPORTED : DCMI_PARAMETER;
    struct unit_part part = { .profile = profile, .memory_mb = profile->memory_mb };
    const unsigned place = next_part(&npu.state);
    if (!unit_part_fits(npu.model, &npu.state, &part, &part.start)) return DCMI_OCCUPIED;
    if (vdev->vdev_id != ANY_ID && vdev->vdev_id != id_of(&npu, place)) return DCMI_PARAMETER;
    int result = dcmi_command(npu.slot, "vnpu create %s", name);
    if (result != DCMI_OK) return result;
    const struct unit_place pci = unit_place(npu.group, npu.slot);
    *out = (struct dcmi_create_vdev_out){ .vdev_id = id_of(&npu, place), .pcie_bus = pci.bus, .pcie_func = place + 1, .vfg_id = vdev->vfg_id };
    return DCMI_OK;
}

EXPORT int dcmi_set_destroy_vdevice(int card_id, int device_id, unsigned vdevid)
{
    struct npu_view npu;
    unsigned part;
    ENTER_NPU(__func__, of_card(card_id, device_id), true, &npu);
    if (!find(&npu, vdevid, &part)) return DCMI_PARAMETER;
    return dcmi_command(npu.slot, "vnpu %u destroy", part);
}
