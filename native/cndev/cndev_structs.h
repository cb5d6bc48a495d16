/* CNDEV's binary interface as far as it is simulated (x86-64, natural alignment). Sizes and offsets are asserted against
   abi/cndev.tsv when this is compiled. Contract: header of version 6; names are the vendor's. */
#ifndef AIINFRA_CNDEV_STRUCTS_H
#define AIINFRA_CNDEV_STRUCTS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    CNDEV_SUCCESS = 0, CNDEV_ERROR_NO_DRIVER = 1, CNDEV_ERROR_LOW_DRIVER_VERSION = 2, CNDEV_ERROR_UNSUPPORTED_API_VERSION = 3,
    CNDEV_ERROR_UNINITIALIZED = 4, CNDEV_ERROR_INVALID_ARGUMENT = 5, CNDEV_ERROR_INVALID_DEVICE_ID = 6, CNDEV_ERROR_UNKNOWN = 7,
    CNDEV_ERROR_MALLOC = 8, CNDEV_ERROR_INSUFFICIENT_SPACE = 9, CNDEV_ERROR_NOT_SUPPORTED = 10, CNDEV_ERROR_INVALID_LINK = 11,
    CNDEV_ERROR_NO_DEVICES = 12, CNDEV_ERROR_NO_PERMISSION = 13, CNDEV_ERROR_NOT_FOUND = 14, CNDEV_ERROR_IN_USE = 15,
    CNDEV_ERROR_DUPLICATE = 16, CNDEV_ERROR_TIMEOUT = 17, CNDEV_ERROR_IN_PROBLEM = 18,
} cndevRet_t;

typedef int32_t cndevDevice_t, cndevMluInstance_t;
typedef struct cndevEventHandle_st *cndevEventHandle;
typedef struct cndevMpmSample_st *cndevMpmSample_t;

typedef struct { int32_t version; uint32_t number; } cndevCardInfo_t;
typedef struct {
    int32_t version;
    uint32_t mcuMajorVersion, mcuMinorVersion, mcuBuildVersion, driverMajorVersion, driverMinorVersion, driverBuildVersion;
} cndevVersionInfo_t;
typedef struct { int32_t version; uint32_t id; } cndevCardName_t;
typedef struct { int32_t version; uint64_t sn, motherBoardSn; } cndevCardSN_t;
typedef struct { int32_t version; uint8_t uuid[37]; uint64_t ncsUUID64; } cndevUUID_t;
typedef struct {
    uint32_t subsystemId, deviceId;
    uint16_t vendor, subsystemVendor;
    uint32_t domain, bus, device, function;
    uint16_t moduleId, slotId;
    uint32_t reserved[8];
} cndevPCIeInfoV2_t;
typedef struct { int32_t version, currentSpeed, currentWidth; } cndevCurrentPCIInfo_t;
typedef struct {
    int64_t pcieRead, pcieWrite, pcieReadTotal, pcieWriteTotal;
    uint64_t timestamp;
    int64_t reserved[8];
} cndevPCIethroughputV2_t;
typedef struct { int32_t version; uint32_t counter; } cndevPcieReplayCounter_t;
typedef struct { int32_t version, nodeId; } cndevNUMANodeId_t;
typedef struct { int32_t version; uint32_t cpuCount, cpuAffinityBitMap[1024]; } cndevAffinity_t;
typedef struct { int32_t version; uint32_t relation; } cndevTopologyRelationship_t;
typedef struct {
    int64_t physicalMemoryTotal, physicalMemoryUsed, reservedMemory, virtualMemoryTotal, virtualMemoryUsed;
    uint64_t globalMemory, reserved[16];
} cndevMemoryInfoV2_t;
typedef struct { int32_t version, averageCoreUtilization, coreUtilization[80]; } cndevUtilizationInfo_t;
typedef struct {
    int32_t version, vpuCount, vpuCodecUtilization[20], encoderCount, encoderUtilization[20], decoderCount, decoderUtilization[20];
} cndevVideoCodecUtilization_t;
typedef struct {
    int32_t version, boardFreq, ddrFreq;
    uint8_t overtempDfsFlag, fastDfsFlag;
    uint16_t mluClusterFreqCount, mluClusterFreq[20];
    int32_t boardDefaultFreq, boardFreqArange[2];
} cndevFrequencyInfo_t;
typedef struct {
    int32_t version, board, cluster[20], memoryDie[8], chip, airInlet, airOutlet, memory, videoInput, cpu, isp;
} cndevTemperatureInfo_t;
typedef struct { int32_t usage, cap, machine, tdp, maxPower, reserved[16]; } cndevDevicePowerInfo_t;
typedef struct { int32_t version, fanSpeed, chassisFanCount, chassisFan[28]; } cndevFanSpeedInfo_t;
typedef struct { int32_t version, health; uint32_t deviceState, driverState; } cndevCardHealthState_t;
typedef struct {
    uint32_t system, health;
    struct { char msg[512]; uint32_t device_id, bdf, code, category, severity; } error;
} cndevIncidentInfo_t;
typedef struct {
    int32_t health;
    uint32_t deviceState, driverState, overallHealth, incident_count;
    cndevIncidentInfo_t incidents[64];
    uint32_t reserved[8];
} cndevCardHealthStateV2_t;
typedef struct { int32_t version; uint32_t heartbeatCount; } cndevCardHeartbeatCount_t;
typedef struct {
    int32_t version;
    uint64_t oneBitError, multipleOneError, multipleError, multipleMultipleError, correctedError, uncorrectedError,
        totalError, addressForbiddenError;
} cndevECCInfo_t;
typedef struct {
    int32_t version;
    uint32_t volatileSramEccSbeCounter, volatileSramEccDbeCounter, volatileSramEccParityCounter,
        volatileDramEccSbeCounter, volatileDramEccDbeCounter;
    uint64_t aggregateDramEccSbeCounter, aggregateDramEccDbeCounter, aggregateSramEccSbeCounter,
        aggregateSramEccDbeCounter, aggregateSramEccParityCounter;
    bool aggregateSramEccThresholdExceeded;
    uint64_t reserved[11];
} cndevMemEccCounter_t;
typedef struct { int32_t version; uint32_t mode; } cndevEccMode_t;
typedef struct { int32_t version; uint32_t cause, pageCount; uint64_t pageAddress[512]; } cndevRetiredPageInfo_t;
typedef struct { int32_t version; uint32_t isPending, isFailure; } cndevRetiredPageStatus_t;
typedef struct { int32_t version; uint32_t correctRows, uncorrectRows, pendingRows, failedRows; } cndevRemappedRow_t;
typedef struct { int32_t version; uint32_t correctCounts, uncorrectCounts, histogram[3]; } cndevRemappedRowV2_t;
typedef struct { int32_t version; bool isRetirePending, isPending, isFailure; } cndevRepairStatus_t;
typedef struct {
    int32_t version;
    uint32_t powerOffCounter, underClockCounter;
    int16_t powerOffTemp, underClockTemp;
} cndevOverTemperatureInfo_t;
typedef struct {
    int32_t version;
    uint32_t tdp, powerSetting, clockSetting, frequencyLocked, powerBrake, thermalSlowdown;
} cndevPerformanceThrottleReason_t;
typedef struct { int32_t version; uint32_t pid; uint64_t physicalMemoryUsed, virtualMemoryUsed; } cndevProcessInfo_t;
typedef struct { uint32_t pid, ipuUtil, jpuUtil, vpuDecUtil, vpuEncUtil, memUtil; uint64_t timestamp; } cndevProcessUtilizationInfo_t;
typedef struct { uint32_t macState, serdesState, presenceState, serdesProgress, reserved[7]; } cndevMLULinkStatusV2_t;
typedef struct {
    int32_t version;
    uint64_t mcSn, baSn;
    uint32_t slotId, portId;
    uint8_t devIp[16], uuid[37];
    uint32_t devIpVersion, isIpValid;
    int32_t connectType;
    uint64_t ncsUUID64;
    uint8_t mac_addr[6];
    char port_name[256];
} cndevMLULinkRemoteInfo_t;
typedef struct {
    int32_t version;
    uint64_t cntrReadByte, cntrReadPackage, cntrWriteByte, cntrWritePackage, errReplay, errFatal, errEccDouble,
        errCRC24, errCRC32, errCorrected, errUncorrected, errReadPackage, errWritePackage, errIllegalAccess,
        cntrCnpPackage, cntrPfcPackage, statQPInUsing, statTaskAlive;
} cndevMLULinkCounter_t;
typedef struct {
    uint64_t correctFecCnt, uncorrectFecCnt, rxBadFcsPkt, txBadFcsPkt, illegalAccessCnt, reserved[11];
} cndevMLULinkErrorCounter_t;
typedef struct { uint64_t linkDown, replay, replayFail, reserved[13]; } cndevMLULinkEventCounter_t;
typedef struct { int32_t version; float speedValue; uint32_t speedFormat; } cndevMLULinkSpeed_t;
typedef struct { int32_t version; uint32_t mimMode; } cndevMimMode_t;
typedef struct { int32_t version; uint32_t smluMode; } cndevSMLUMode_t;
typedef struct {
    int32_t version, parentDevice, instanceId, profileId;
    uint8_t uuid[37];
    int32_t domain, bus, device, function;
    struct { int32_t version, start, size; } placement;
    int32_t mluCoreCount, vpuCount, jpuCount, gdmaCount, memorySize;
    char profileName[100], devNodeName[100], ipcmDevNodeName[100], instanceName[100];
    uint32_t reserved[128];
} cndevMluInstanceInfo_t;
typedef struct {
    int32_t version, profileId, mluCoreCount, vpuCount, jpuCount, gdmaCount, memorySize;
    char name[100];
} cndevMluInstanceProfileInfo_t;
typedef struct {
    int32_t version, profileId, instanceId;
    uint8_t uuid[37];
    int32_t domain, bus, device, function;
    char profileName[100], instanceName[100], devNodeName[100];
    uint32_t mluQuota[2];
    uint64_t memorySize[2];
    uint32_t reserved[128];
} cndevSMluInfo_t;
typedef struct {
    int32_t version, profileId;
    char name[100];
    uint32_t totalCapacity, remainCapacity, mluQuota[2];
    uint64_t memorySize[2];
} cndevSMluProfileInfo_t;
typedef struct {
    uint32_t version;
    int32_t device;
    uint64_t eventData, eventType, timestamp;
    uint32_t computeInstanceId, mluInstanceId;
    uint64_t reserved[8];
} cndevEventData_t;
typedef struct {
    uint32_t fieldId, ret;
    union { double number; uint32_t u32; uint64_t u64; int32_t i32; int64_t i64; } value;
    uint32_t valueType;
    int64_t latencyUsec, timestamp;
    uint32_t scopeId;
} cndevFieldValue_t;
typedef struct {
    uint32_t metricId, ret;
    double value;
    struct { char *shortName, *longName, *unit; } metricInfo;
} cndevMpmMetric_t;
typedef struct { uint32_t version, numMetrics; cndevMpmSample_t sample1, sample2; cndevMpmMetric_t metrics[256]; } cndevMpmMetricsGet_t;
typedef struct { int32_t version, maxSpeed, maxWidth; } cndevPCIInfo_t;
typedef struct { int32_t version; uint32_t libMajorVersion, libMinorVersion, libBuildVersion; } cndevLibVersionInfo_t;
typedef struct { int32_t version; uint32_t mode; } cndevComputeMode_t;
typedef struct { int32_t version, vfState; } cndevCardVfState_t;
typedef struct { int32_t version, count, profileId[128]; } cndevSMluProfileIdInfo_t;
typedef struct { int32_t version; uint32_t mluQuota; uint64_t memorySize; } cndevSMluSet_t;
typedef struct { int32_t version; uint32_t majorVersion, minorVersion, buildVersion; } cndevMLULinkVersion_t;
typedef struct { int32_t version; uint32_t p2pTransfer, interlakenSerdes; } cndevMLULinkCapability_t;
typedef struct { int32_t version, count; } cndevCardCoreCount_t;
typedef struct { int32_t version, count; } cndevCardClusterCount_t;

#endif
