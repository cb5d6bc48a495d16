/* The structs of Level Zero's Sysman. abi/levelzero.tsv has their sizes and offsets, which levelzero_abi_check.c asserts. */
#ifndef AIINFRA_LEVELZERO_STRUCTS_H
#define AIINFRA_LEVELZERO_STRUCTS_H

#include <stdint.h>

typedef uint32_t ze_result;
typedef void *ze_handle; /* of a driver, a device or a part of one */

enum {
    ZE_SUCCESS = 0, ZE_NOT_READY = 1, ZE_DEVICE_LOST = 0x70000001, ZE_OUT_OF_HOST_MEMORY = 0x70000002, ZE_REQUIRES_RESET = 0x70000006,
    ZE_NO_PERMISSION = 0x70010000, ZE_NOT_AVAILABLE = 0x70010001, ZE_UNINITIALIZED = 0x78000001, ZE_UNSUPPORTED_FEATURE = 0x78000003,
    ZE_INVALID_ARGUMENT = 0x78000004, ZE_NULL_HANDLE = 0x78000005, ZE_IN_USE = 0x78000006, ZE_NULL_POINTER = 0x78000007,
    ZE_INVALID_ENUMERATION = 0x7800000c, ZE_SURVIVABILITY = 0x78000020, ZE_UNKNOWN = 0x7ffffffe,
};

/* zes_structure_type_t, and the core struct inside the device's properties. */
enum {
    STYPE_CORE_PROPERTIES = 3, STYPE_DEVICE = 1, STYPE_PCI = 2, STYPE_ENGINE = 5, STYPE_PORT = 6, STYPE_FAN = 7, STYPE_FIRMWARE = 8, STYPE_FREQUENCY = 9,
    STYPE_MEMORY = 11, STYPE_POWER = 13, STYPE_RAS = 15, STYPE_TEMPERATURE = 20, STYPE_DEVICE_STATE = 21, STYPE_PROCESS = 22, STYPE_PCI_STATE = 23,
    STYPE_PORT_CONFIG = 24, STYPE_PORT_STATE = 25, STYPE_FREQUENCY_STATE = 27, STYPE_MEMORY_STATE = 30, STYPE_RAS_STATE = 34, STYPE_ECC = 38,
    STYPE_POWER_LIMIT = 39, STYPE_PORT_ERRORS = 42, STYPE_RESET = 44, STYPE_DEVICE_EXT = 45, STYPE_SUBDEVICE = 0x20004,
};

struct ze_device_uuid {
    uint8_t id[16];
};

struct ze_device_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint32_t vendorId, deviceId, flags, subdeviceId, coreClockRate;
    uint64_t maxMemAllocSize;
    uint32_t maxHardwareContexts, maxCommandQueuePriority, numThreadsPerEU, physicalEUSimdWidth, numEUsPerSubslice;
    uint32_t numSubslicesPerSlice, numSlices;
    uint64_t timerResolution;
    uint32_t timestampValidBits, kernelTimestampValidBits;
    struct ze_device_uuid uuid;
    char name[256];
};

struct zes_device_properties {
    int32_t stype;
    void *pNext;
    struct ze_device_properties core;
    uint32_t numSubdevices;
    char serialNumber[64], boardNumber[64], brandName[64], modelName[64], vendorName[64], driverVersion[64];
};

struct zes_uuid {
    uint8_t id[16];
};

struct zes_device_ext_properties {
    int32_t stype;
    void *pNext;
    struct zes_uuid uuid;
    int32_t type;
    uint32_t flags;
};

struct zes_device_state {
    int32_t stype;
    void *pNext;
    uint32_t reset;
    int32_t repaired;
};

struct zes_reset_properties {
    int32_t stype;
    void *pNext;
    uint8_t force;
    int32_t resetType;
};

struct zes_process_state {
    int32_t stype;
    void *pNext;
    uint32_t processId;
    uint64_t memSize, sharedSize;
    uint32_t engines;
};

struct zes_pci_address {
    uint32_t domain, bus, device, function;
};

struct zes_pci_speed {
    int32_t gen, width;
    int64_t maxBandwidth;
};

struct zes_pci_properties {
    int32_t stype;
    void *pNext;
    struct zes_pci_address address;
    struct zes_pci_speed maxSpeed;
    uint8_t haveBandwidthCounters, havePacketCounters, haveReplayCounters;
};

struct zes_pci_state {
    int32_t stype;
    void *pNext;
    int32_t status;
    uint32_t qualityIssues, stabilityIssues;
    struct zes_pci_speed speed;
};

struct zes_pci_stats {
    uint64_t timestamp, replayCounter, packetCounter, rxCounter, txCounter;
    struct zes_pci_speed speed;
};

struct zes_engine_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
};

struct zes_engine_stats {
    uint64_t activeTime, timestamp;
};

struct zes_mem_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    int32_t location;
    uint64_t physicalSize;
    int32_t busWidth, numChannels;
};

struct zes_mem_state {
    int32_t stype;
    void *pNext;
    int32_t health;
    uint64_t free, size;
};

struct zes_mem_bandwidth {
    uint64_t readCounter, writeCounter, maxBandwidth, timestamp;
};

struct zes_temp_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    double maxTemperature;
    uint8_t isCriticalTempSupported, isThreshold1Supported, isThreshold2Supported;
};

struct zes_power_properties {
    int32_t stype;
    void *pNext;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    uint8_t canControl, isEnergyThresholdSupported;
    int32_t defaultLimit, minLimit, maxLimit;
};

struct zes_power_energy_counter {
    uint64_t energy, timestamp;
};

struct zes_power_limit_ext_desc {
    int32_t stype;
    void *pNext;
    int32_t level, source, limitUnit;
    uint8_t enabledStateLocked, enabled, intervalValueLocked;
    int32_t interval;
    uint8_t limitValueLocked;
    int32_t limit;
};

struct zes_power_sustained_limit {
    uint8_t enabled;
    int32_t power, interval;
};

struct zes_power_burst_limit {
    uint8_t enabled;
    int32_t power;
};

struct zes_power_peak_limit {
    int32_t powerAC, powerDC;
};

struct zes_freq_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    uint8_t canControl, isThrottleEventSupported;
    double min, max;
};

struct zes_freq_range {
    double min, max;
};

struct zes_freq_state {
    int32_t stype;
    void *pNext;
    double currentVoltage, request, tdp, efficient, actual;
    uint32_t throttleReasons;
};

struct zes_freq_throttle_time {
    uint64_t throttleTime, timestamp;
};

struct zes_ras_properties {
    int32_t stype;
    void *pNext;
    int32_t type;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
};

struct zes_ras_state {
    int32_t stype;
    void *pNext;
    uint64_t category[7];
};

struct zes_ras_state_exp {
    int32_t category;
    uint64_t errorCounter;
};

struct zes_fabric_port_id {
    uint32_t fabricId, attachId;
    uint8_t portNumber;
};

struct zes_fabric_port_speed {
    int64_t bitRate;
    int32_t width;
};

struct zes_fabric_port_properties {
    int32_t stype;
    void *pNext;
    char model[256];
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    struct zes_fabric_port_id portId;
    struct zes_fabric_port_speed maxRxSpeed, maxTxSpeed;
};

struct zes_fabric_link_type {
    char desc[256];
};

struct zes_fabric_port_config {
    int32_t stype;
    void *pNext;
    uint8_t enabled, beaconing;
};

struct zes_fabric_port_state {
    int32_t stype;
    void *pNext;
    int32_t status;
    uint32_t qualityIssues, failureReasons;
    struct zes_fabric_port_id remotePortId;
    struct zes_fabric_port_speed rxSpeed, txSpeed;
};

struct zes_fabric_port_throughput {
    uint64_t timestamp, rxCounter, txCounter;
};

struct zes_fabric_port_error_counters {
    int32_t stype;
    void *pNext;
    uint64_t linkFailureCount, fwCommErrorCount, fwErrorCount, linkDegradeCount;
};

struct zes_fan_properties {
    int32_t stype;
    void *pNext;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    uint8_t canControl;
    uint32_t supportedModes, supportedUnits;
    int32_t maxRPM, maxPoints;
};

struct zes_device_ecc_properties {
    int32_t stype;
    void *pNext;
    int32_t currentState, pendingState, pendingAction;
};

struct zes_firmware_properties {
    int32_t stype;
    void *pNext;
    uint8_t onSubdevice;
    uint32_t subdeviceId;
    uint8_t canControl;
    char name[64], version[64];
};

struct zes_subdevice_exp_properties {
    int32_t stype;
    void *pNext;
    uint32_t subdeviceId;
    struct zes_uuid uuid;
};

#endif
