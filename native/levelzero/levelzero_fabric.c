/* Xe links. The ports of a GPU are those of its first tile; a port whose other end is no GPU of the node is disabled. */
#include "levelzero_library.h"

#include <stdio.h>

enum { HEALTHY = 1, DEGRADED = 2, FAILED = 3, DISABLED = 4 };

struct far_end {
    bool there, up, degraded; /* of the port at the other end */
    unsigned slot, port;
};

static struct far_end far_end(const struct lz_view *gpu)
{
    struct far_end end = { 0 };
    pthread_mutex_lock(&library.lock);
    if (unit_peer(gpu->model, lz_units(), gpu->slot, gpu->index, &end.slot, &end.port) && library.scenario->intel[end.slot].model == gpu->model) {
        const struct unit_state *other = lz_unit(end.slot);
        end.there = true;
        end.up = unit_present(other) && !other->lost && (other->links_down >> end.port & 1) == 0;
        end.degraded = (other->intel.links_degraded >> end.port & 1) != 0;
    }
    library_unlock();
    return end;
}

static int32_t status_of(const struct lz_view *gpu, const struct far_end *end)
{
    if (!end->there) return DISABLED;
    if ((gpu->state.links_down >> gpu->index & 1) != 0 || !end->up) return FAILED;
    return end->degraded || (gpu->state.intel.links_degraded >> gpu->index & 1) != 0 ? DEGRADED : HEALTHY;
}

/* A link of four lanes. */
static struct zes_fabric_port_speed speed_of(const struct lz_view *gpu)
{
    return (struct zes_fabric_port_speed){ .bitRate = (int64_t)gpu->model->link_mbps * 1000000 / 4, .width = 4 };
}

static struct zes_fabric_port_id id_of(unsigned slot, unsigned port)
{
    return (struct zes_fabric_port_id){ .fabricId = 0x100 + slot, .attachId = 0, .portNumber = (uint8_t)(port + 1) };
}

EXPORT ze_result zesFabricPortGetProperties(ze_handle port, struct zes_fabric_port_properties *properties)
{
    struct lz_view gpu;
    ENTER(port, LZ_PORT, properties, STYPE_PORT, LZ_CACHED, &gpu);
    snprintf(properties->model, sizeof properties->model, "XeLink");
    properties->onSubdevice = gpu.model->tiles > 1;
    properties->subdeviceId = 0;
    properties->portId = id_of(gpu.slot, gpu.index);
    properties->maxRxSpeed = properties->maxTxSpeed = speed_of(&gpu);
    return ZE_SUCCESS;
}

EXPORT ze_result zesFabricPortGetLinkType(ze_handle port, struct zes_fabric_link_type *type)
{
    struct lz_view gpu;
    ENTER(port, LZ_PORT, type, 0, LZ_CACHED, &gpu);
    snprintf(type->desc, sizeof type->desc, "SIMULATED");
    return ZE_SUCCESS;
}

EXPORT ze_result zesFabricPortGetConfig(ze_handle port, struct zes_fabric_port_config *config)
{
    struct lz_view gpu;
    ENTER(port, LZ_PORT, config, STYPE_PORT_CONFIG, LZ_TELEMETRY, &gpu);
    config->enabled = far_end(&gpu).there;
    config->beaconing = 0;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFabricPortGetState(ze_handle port, struct zes_fabric_port_state *state)
{
    enum { LINK_ERRORS = 1, PORT_FAILED = 1 };
    struct lz_view gpu;
    ENTER(port, LZ_PORT, state, STYPE_PORT_STATE, LZ_TELEMETRY, &gpu);
    const struct far_end end = far_end(&gpu);
    const int32_t status = status_of(&gpu, &end);
    const bool runs = status == HEALTHY || status == DEGRADED;
    state->status = lies(&gpu, LIES_ENUM) ? 33 : status;
    state->qualityIssues = status == DEGRADED ? LINK_ERRORS : 0;
    state->failureReasons = status == FAILED ? PORT_FAILED : 0;
    state->remotePortId = end.there ? id_of(end.slot, end.port) : (struct zes_fabric_port_id){ 0 };
    state->rxSpeed = state->txSpeed = runs ? speed_of(&gpu) : (struct zes_fabric_port_speed){ 0 };
    if (status == DEGRADED) state->rxSpeed.width = state->txSpeed.width = 2;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFabricPortGetThroughput(ze_handle port, struct zes_fabric_port_throughput *throughput)
{
    struct lz_view gpu;
    ENTER(port, LZ_PORT, throughput, 0, LZ_TELEMETRY, &gpu);
    const uint64_t bytes = far_end(&gpu).there ? unit_link_bytes(gpu.model, &gpu.state, gpu.index, gpu.now) : 0;
    *throughput = (struct zes_fabric_port_throughput){ lz_microseconds(gpu.now), bytes, bytes };
    if (lies(&gpu, LIES_ABSURD)) throughput->rxCounter = UINT64_MAX;
    return ZE_SUCCESS;
}

EXPORT ze_result zesFabricPortGetFabricErrorCounters(ze_handle port, struct zes_fabric_port_error_counters *errors)
{
    struct lz_view gpu;
    ENTER(port, LZ_PORT, errors, STYPE_PORT_ERRORS, LZ_TELEMETRY, &gpu);
    errors->linkFailureCount = gpu.state.link_downs[gpu.index];
    errors->fwCommErrorCount = errors->fwErrorCount = 0;
    errors->linkDegradeCount = gpu.state.intel.links_degraded >> gpu.index & 1;
    return ZE_SUCCESS;
}
