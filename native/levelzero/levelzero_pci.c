/* The place on the bus, and the state of its link. */
#include "levelzero_library.h"

#include <string.h>

static struct zes_pci_speed speed_of(const struct lz_view *gpu)
{
    /* Bytes a second of one lane, each way, after the encoding. */
    static const int64_t lane[] = { 0, 250000000, 500000000, 984615384, 1969230769, 3938461538 };
    const unsigned generation = gpu->model->pcie_generation;
    return (struct zes_pci_speed){ .gen = (int32_t)generation, .width = 16, .maxBandwidth = lane[generation] * 16 };
}

EXPORT ze_result zesDevicePciGetProperties(ze_handle device, struct zes_pci_properties *properties)
{
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, properties, STYPE_PCI, LZ_CACHED, &gpu);
    properties->address = (struct zes_pci_address){ .domain = gpu.place.domain, .bus = gpu.place.bus };
    properties->maxSpeed = speed_of(&gpu);
    properties->haveBandwidthCounters = properties->havePacketCounters = properties->haveReplayCounters = 1;
    if (lies(&gpu, LIES_ABSURD)) properties->address.bus = 0xffffffff;
    return ZE_SUCCESS;
}

EXPORT ze_result zesDevicePciGetState(ze_handle device, struct zes_pci_state *state)
{
    enum { QUALITY = 2, STABILITY = 3, REPLAYS = 1, RETRAINING = 1 };
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, state, STYPE_PCI_STATE, LZ_TELEMETRY, &gpu);
    const unsigned status = gpu.state.intel.pci_status;
    state->status = lies(&gpu, LIES_ENUM) ? 44 : (int32_t)status;
    state->qualityIssues = status == QUALITY ? REPLAYS : 0;
    state->stabilityIssues = status == STABILITY ? RETRAINING : 0;
    state->speed = speed_of(&gpu);
    return ZE_SUCCESS;
}

/* A busy GPU reads 4 GB a second and writes half of that, in packets of 256 bytes. */
EXPORT ze_result zesDevicePciGetStats(ze_handle device, struct zes_pci_stats *stats)
{
    struct lz_view gpu;
    ENTER(device, LZ_DEVICE, stats, 0, LZ_TELEMETRY, &gpu);
    const uint64_t read = (uint64_t)(intel_busy_s(gpu.slot, &gpu.state, gpu.now) * 4e9);
    *stats = (struct zes_pci_stats){ .timestamp = lz_microseconds(gpu.now), .replayCounter = gpu.state.pcie_replays, .packetCounter = (read + read / 2) / 256,
                                     .rxCounter = read, .txCounter = read / 2, .speed = speed_of(&gpu) };
    if (lies(&gpu, LIES_ABSURD)) stats->rxCounter = UINT64_MAX;
    return ZE_SUCCESS;
}
