/* The structs of abi/nvml.tsv that the simulator does not use itself: a driver of the same scope does. They are here so that
   the compiler checks the whole table, which others read. */
#ifndef AIINFRA_DRIVER_STRUCTS_H
#define AIINFRA_DRIVER_STRUCTS_H

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
typedef struct { uint32_t version, isNvleEnabled; } nvmlNvLinkInfo_v1_t;
typedef struct { uint32_t version, isSupportedDevice; } nvmlGpmSupport_t;
typedef struct {
    uint32_t metricId, nvmlReturn;
    double value;
    struct { void *shortName; void *longName; void *unit; } metricInfo;
} nvmlGpmMetric_t;
typedef struct { uint32_t version, numMetrics; void *sample1, *sample2; nvmlGpmMetric_t metrics[333]; } nvmlGpmMetricsGet_t;
typedef struct {
    uint32_t multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount, sharedJpegCount,
        sharedOfaCount, gpuInstanceSliceCount, computeInstanceSliceCount;
    uint64_t memorySizeMB;
} nvmlDeviceAttributes_t;
typedef struct { uint32_t start, size; } nvmlGpuInstancePlacement_t;
typedef struct { void *device; uint32_t id, profileId; nvmlGpuInstancePlacement_t placement; } nvmlGpuInstanceInfo_t;
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
    void *device, *gpuInstance;
    uint32_t id, profileId;
    nvmlComputeInstancePlacement_t placement;
} nvmlComputeInstanceInfo_t;
typedef struct { uint8_t isLicensed; nvmlVgpuLicenseExpiry_t licenseExpiry; uint32_t currentState; } nvmlVgpuLicenseInfo_t;
typedef struct { uint32_t version; char branch[80]; } nvmlSystemDriverBranchInfo_v1_t;

#endif
