/* The versioned and the composite structs of NVML beside those of nvml_abi.h; both are asserted against abi/nvml.tsv.
   Contract: NVML header of CUDA 13.3; a handle inside a struct is a pointer. */
#ifndef AIINFRA_NVML_STRUCTS_H
#define AIINFRA_NVML_STRUCTS_H

#include "nvml_abi.h"

typedef struct {
    uint32_t version, domain, bus, device, pciDeviceId, pciSubSystemId, baseClass, subClass;
    char busId[32];
} nvmlPciInfoExt_v1_t;
typedef struct { uint32_t pid; uint64_t usedGpuMemory; } nvmlProcessInfo_v1_t;
typedef struct { uint32_t pid; uint64_t timeStamp; uint32_t smUtil, memUtil, encUtil, decUtil; } nvmlProcessUtilizationSample_t;
typedef struct { uint64_t timeStamp; nvmlValue_t sampleValue; } nvmlSample_t;
typedef struct {
    uint32_t version;
    uint64_t aggregateUncParity, aggregateUncSecDed, aggregateCor, volatileUncParity, volatileUncSecDed, volatileCor,
        aggregateUncBucketL2, aggregateUncBucketSm, aggregateUncBucketPcie, aggregateUncBucketMcu,
        aggregateUncBucketOther;
    uint32_t bThresholdExceeded;
} nvmlEccSramErrorStatus_v1_t;
typedef struct {
    uint32_t corrActiveRemaps, corrInactiveRemaps, uncActiveRemaps, uncInactiveRemaps, bPending, bFailureOccurred;
} nvmlRemappedRowsInfo_v2_t;
typedef struct { uint32_t version, bChannelRepairPending, bTpcRepairPending; } nvmlRepairStatus_v1_t;
typedef struct { uint32_t bUnrepairableMemory; } nvmlUnrepairableMemoryStatus_v1_t;
typedef struct { uint64_t referenceTime, violationTime; } nvmlViolationTime_t;
typedef struct { uint32_t version; int32_t marginTemperature; } nvmlMarginTemperature_v1_t;
typedef struct { uint8_t clusterUuid[16]; uint32_t status, cliqueId; uint8_t state; } nvmlGpuFabricInfo_t;
typedef struct {
    uint32_t version;
    uint8_t clusterUuid[16];
    uint32_t status, cliqueId;
    uint8_t state;
    uint32_t healthMask;
} nvmlGpuFabricInfo_v2_t;
typedef struct {
    uint32_t version;
    uint8_t clusterUuid[16];
    uint32_t status, cliqueId;
    uint8_t state;
    uint32_t healthMask;
    uint8_t healthSummary;
} nvmlGpuFabricInfo_v3_t;
typedef struct {
    uint32_t version;
    uint8_t ibGuid[16], rackGuid[16], chassisPhysicalSlotNumber, computeSlotIndex, nodeIndex, peerType, moduleId;
} nvmlPlatformInfo_v1_t;
typedef struct {
    uint32_t version;
    uint8_t ibGuid[16], chassisSerialNumber[16], slotNumber, trayIndex, hostId, peerType, moduleId;
} nvmlPlatformInfo_v2_t;
typedef struct { uint32_t isC2cEnabled; } nvmlC2cModeInfo_v1_t;
typedef struct { uint32_t environment, ccFeature, devToolsMode; } nvmlConfComputeSystemState_t; /* no version word */
typedef struct { uint32_t version, isNvleEnabled; } nvmlNvLinkInfo_v1_t;
typedef struct { uint32_t version, isSupportedDevice; } nvmlGpmSupport_t;
typedef struct {
    uint32_t metricId;
    nvmlReturn_t nvmlReturn;
    double value;
    struct { char *shortName, *longName, *unit; } metricInfo;
} nvmlGpmMetric_t;
typedef struct nvmlGpmSample_st *nvmlGpmSample_t;
typedef struct { uint32_t version, numMetrics; nvmlGpmSample_t sample1, sample2; nvmlGpmMetric_t metrics[333]; } nvmlGpmMetricsGet_t;
typedef struct {
    uint32_t multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount, sharedJpegCount,
        sharedOfaCount, gpuInstanceSliceCount, computeInstanceSliceCount;
    uint64_t memorySizeMB;
} nvmlDeviceAttributes_t;
typedef struct { uint32_t start, size; } nvmlGpuInstancePlacement_t;
typedef struct nvmlGpuInstance_st *nvmlGpuInstance_t;
typedef struct nvmlComputeInstance_st *nvmlComputeInstance_t;
typedef struct { nvmlDevice_t device; uint32_t id, profileId; nvmlGpuInstancePlacement_t placement; } nvmlGpuInstanceInfo_t;
typedef struct {
    uint32_t id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount,
        encoderCount, jpegCount, ofaCount;
    uint64_t memorySizeMB;
} nvmlGpuInstanceProfileInfo_t;
typedef struct {
    uint32_t version, id, isP2pSupported, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount,
        encoderCount, jpegCount, ofaCount;
    uint64_t memorySizeMB;
    char name[96];
} nvmlGpuInstanceProfileInfo_v2_t;
typedef struct {
    uint32_t version, id, sliceCount, instanceCount, multiprocessorCount, copyEngineCount, decoderCount, encoderCount,
        jpegCount, ofaCount;
    uint64_t memorySizeMB;
    char name[96];
    uint32_t capabilities;
} nvmlGpuInstanceProfileInfo_v3_t;
typedef struct { uint32_t start, size; } nvmlComputeInstancePlacement_t;
typedef struct {
    nvmlDevice_t device;
    nvmlGpuInstance_t gpuInstance;
    uint32_t id, profileId;
    nvmlComputeInstancePlacement_t placement;
} nvmlComputeInstanceInfo_t;
typedef struct { uint8_t isLicensed; nvmlVgpuLicenseExpiry_t licenseExpiry; uint32_t currentState; } nvmlVgpuLicenseInfo_t;
typedef struct { uint32_t version; char branch[80]; } nvmlSystemDriverBranchInfo_v1_t;
typedef struct {
    uint32_t id, sliceCount, instanceCount, multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount,
        sharedJpegCount, sharedOfaCount;
} nvmlComputeInstanceProfileInfo_t;
typedef struct {
    uint32_t version, id, sliceCount, instanceCount, multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount,
        sharedJpegCount, sharedOfaCount;
    char name[96];
} nvmlComputeInstanceProfileInfo_v2_t;
typedef struct {
    uint32_t version, id, sliceCount, instanceCount, multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount,
        sharedJpegCount, sharedOfaCount;
    char name[96];
    uint32_t capabilities;
} nvmlComputeInstanceProfileInfo_v3_t;
typedef struct {
    uint32_t pid;
    uint64_t usedGpuMemory;
    uint32_t gpuInstanceId, computeInstanceId;
    uint64_t usedGpuCcProtectedMemory;
} nvmlProcessDetail_v1_t;
typedef struct { uint32_t version, mode, numProcArrayEntries; nvmlProcessDetail_v1_t *procArray; } nvmlProcessDetailList_v1_t;
typedef struct {
    uint64_t timeStamp;
    uint32_t pid, smUtil, memUtil, encUtil, decUtil, jpgUtil, ofaUtil;
} nvmlProcessUtilizationInfo_v1_t;
typedef struct {
    uint32_t version, processSamplesCount;
    uint64_t lastSeenTimeStamp;
    nvmlProcessUtilizationInfo_v1_t *procUtilArray;
} nvmlProcessesUtilizationInfo_v1_t;
typedef struct {
    uint32_t gpuUtilization, memoryUtilization;
    uint64_t maxMemoryUsage, time, startTime;
    uint32_t isRunning, reserved[5];
} nvmlAccountingStats_t;
typedef struct nvmlSystemEventSet_st *nvmlSystemEventSet_t;
typedef struct { uint64_t eventType; uint32_t gpuId; } nvmlSystemEventData_v1_t;
typedef struct { uint32_t version; nvmlSystemEventSet_t set; } nvmlSystemEventSetCreateRequest_v1_t;
typedef struct { uint32_t version; nvmlSystemEventSet_t set; } nvmlSystemEventSetFreeRequest_v1_t;
typedef struct { uint32_t version; uint64_t eventTypes; nvmlSystemEventSet_t set; } nvmlSystemRegisterEventRequest_v1_t;
typedef struct {
    uint32_t version, timeoutms;
    nvmlSystemEventSet_t set;
    nvmlSystemEventData_v1_t *data;
    uint32_t dataSize, numEvent;
} nvmlSystemEventSetWaitRequest_v1_t;
typedef struct { uint32_t unit, location, sublocation, extlocation, address, isParity, count; } nvmlEccSramUniqueUncorrectedErrorEntry_v1_t;
typedef struct {
    uint32_t version, entryCount;
    nvmlEccSramUniqueUncorrectedErrorEntry_v1_t *entries;
} nvmlEccSramUniqueUncorrectedErrorCounts_v1_t;
typedef struct { uint8_t ucodeType; uint32_t major, minor, subMinor; } nvmlNvlinkFirmwareVersion_t;
typedef struct {
    uint32_t version, isNvleEnabled;
    struct { nvmlNvlinkFirmwareVersion_t firmwareVersion[100]; uint32_t numValidEntries; } firmwareInfo;
} nvmlNvLinkInfo_v2_t;
typedef struct { uint32_t vgpuInstance; uint64_t timeStamp; nvmlValue_t smUtil, memUtil, encUtil, decUtil; } nvmlVgpuInstanceUtilizationSample_t;

#endif
