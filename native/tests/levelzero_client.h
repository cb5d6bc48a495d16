/* Level Zero as its callers see it: opened at run time, symbols looked up by name. */
#ifndef AIINFRA_LEVELZERO_CLIENT_H
#define AIINFRA_LEVELZERO_CLIENT_H

#include "levelzero_structs.h"

/* Functions of a GPU or a part of one: all take the handle first. */
#define LZ_FUNCTIONS(F) \
    F(zesDeviceGetProperties, (ze_handle, struct zes_device_properties *)) \
    F(zesDeviceGetSubDevicePropertiesExp, (ze_handle, uint32_t *, struct zes_subdevice_exp_properties *)) \
    F(zesDeviceGetState, (ze_handle, struct zes_device_state *)) \
    F(zesDeviceProcessesGetState, (ze_handle, uint32_t *, struct zes_process_state *)) \
    F(zesDeviceEccAvailable, (ze_handle, uint8_t *)) \
    F(zesDeviceEccConfigurable, (ze_handle, uint8_t *)) \
    F(zesDeviceGetEccState, (ze_handle, struct zes_device_ecc_properties *)) \
    F(zesDeviceGetCardPowerDomain, (ze_handle, ze_handle *)) \
    F(zesDevicePciGetProperties, (ze_handle, struct zes_pci_properties *)) \
    F(zesDevicePciGetState, (ze_handle, struct zes_pci_state *)) \
    F(zesDevicePciGetStats, (ze_handle, struct zes_pci_stats *)) \
    F(zesDeviceEnumMemoryModules, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumEngineGroups, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumTemperatureSensors, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumFrequencyDomains, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumPowerDomains, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumRasErrorSets, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumFabricPorts, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumFans, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceEnumFirmwares, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDeviceResetExt, (ze_handle, struct zes_reset_properties *)) \
    F(zesMemoryGetProperties, (ze_handle, struct zes_mem_properties *)) \
    F(zesMemoryGetState, (ze_handle, struct zes_mem_state *)) \
    F(zesMemoryGetBandwidth, (ze_handle, struct zes_mem_bandwidth *)) \
    F(zesEngineGetProperties, (ze_handle, struct zes_engine_properties *)) \
    F(zesEngineGetActivity, (ze_handle, struct zes_engine_stats *)) \
    F(zesEngineGetActivityExt, (ze_handle, uint32_t *, struct zes_engine_stats *)) \
    F(zesTemperatureGetProperties, (ze_handle, struct zes_temp_properties *)) \
    F(zesTemperatureGetState, (ze_handle, double *)) \
    F(zesFrequencyGetProperties, (ze_handle, struct zes_freq_properties *)) \
    F(zesFrequencyGetRange, (ze_handle, struct zes_freq_range *)) \
    F(zesFrequencyGetState, (ze_handle, struct zes_freq_state *)) \
    F(zesFrequencyGetThrottleTime, (ze_handle, struct zes_freq_throttle_time *)) \
    F(zesPowerGetProperties, (ze_handle, struct zes_power_properties *)) \
    F(zesPowerGetEnergyCounter, (ze_handle, struct zes_power_energy_counter *)) \
    F(zesPowerGetLimitsExt, (ze_handle, uint32_t *, struct zes_power_limit_ext_desc *)) \
    F(zesRasGetProperties, (ze_handle, struct zes_ras_properties *)) \
    F(zesRasGetSupportedCategoriesExp, (ze_handle, uint32_t *, int32_t *)) \
    F(zesRasGetStateExp, (ze_handle, uint32_t *, struct zes_ras_state_exp *)) \
    F(zesFabricPortGetProperties, (ze_handle, struct zes_fabric_port_properties *)) \
    F(zesFabricPortGetLinkType, (ze_handle, struct zes_fabric_link_type *)) \
    F(zesFabricPortGetConfig, (ze_handle, struct zes_fabric_port_config *)) \
    F(zesFabricPortGetState, (ze_handle, struct zes_fabric_port_state *)) \
    F(zesFabricPortGetThroughput, (ze_handle, struct zes_fabric_port_throughput *)) \
    F(zesFabricPortGetFabricErrorCounters, (ze_handle, struct zes_fabric_port_error_counters *)) \
    F(zesFanGetProperties, (ze_handle, struct zes_fan_properties *)) \
    F(zesFirmwareGetProperties, (ze_handle, struct zes_firmware_properties *))

#define LZ_OTHER_FUNCTIONS(F) \
    F(zesInit, (uint32_t)) \
    F(zeInit, (uint32_t)) \
    F(zesDriverGet, (uint32_t *, ze_handle *)) \
    F(zeDriverGet, (uint32_t *, ze_handle *)) \
    F(zeDriverGetApiVersion, (ze_handle, int32_t *)) \
    F(zesDeviceGet, (ze_handle, uint32_t *, ze_handle *)) \
    F(zeDeviceGet, (ze_handle, uint32_t *, ze_handle *)) \
    F(zesDriverGetDeviceByUuidExp, (ze_handle, struct zes_uuid, ze_handle *, uint8_t *, uint32_t *)) \
    F(zesDeviceReset, (ze_handle, uint8_t)) \
    F(zesDeviceEventRegister, (ze_handle, uint32_t)) \
    F(zesDriverEventListen, (ze_handle, uint32_t, uint32_t, ze_handle *, uint32_t *, uint32_t *)) \
    F(zesDriverEventListenEx, (ze_handle, uint64_t, uint32_t, ze_handle *, uint32_t *, uint32_t *)) \
    F(zesPowerGetLimits, (ze_handle, struct zes_power_sustained_limit *, struct zes_power_burst_limit *, struct zes_power_peak_limit *)) \
    F(zesRasGetState, (ze_handle, uint8_t, struct zes_ras_state *)) \
    F(zesRasClearStateExp, (ze_handle, int32_t)) \
    F(zesFanGetState, (ze_handle, int32_t, int32_t *))

struct lz_client {
#define MEMBER(name, parameters) ze_result (*name) parameters;
    LZ_FUNCTIONS(MEMBER)
    LZ_OTHER_FUNCTIONS(MEMBER)
#undef MEMBER
    int (*aiinfraSimulator)(void);
};

enum { LZ_MOST = 64 };

/* A build by its folder, "." for the whole one; NULL members are symbols that it lacks. */
const struct lz_client *lz_open(const char *build);
/* Writes the scenario, opens the whole build and starts Sysman. */
const struct lz_client *lz_start(const char *scenario);
/* The driver of a started Sysman, its GPUs (at most LZ_MOST; the count comes back), and one of them. */
ze_handle lz_driver(const struct lz_client *client);
uint32_t lz_gpus(const struct lz_client *client, ze_handle gpus[LZ_MOST]);
ze_handle lz_gpu(const struct lz_client *client, uint32_t index);
/* A part of a GPU, as its function of enumeration counts them; CHECKs that it is there. */
ze_handle lz_part(ze_result (*enumerate)(ze_handle, uint32_t *, ze_handle *), ze_handle gpu, uint32_t index);
uint32_t lz_count(ze_result (*enumerate)(ze_handle, uint32_t *, ze_handle *), ze_handle gpu);

#endif
