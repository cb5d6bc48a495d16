/* The part of NVML's binary interface that is simulated: names, values and layouts as the vendor's header fixes them
   (x86-64, natural alignment). Sizes and offsets are asserted against abi/nvml.tsv when this is compiled. */
#ifndef AIINFRA_NVML_ABI_H
#define AIINFRA_NVML_ABI_H

#include <stdint.h>

typedef enum {
    NVML_SUCCESS = 0, NVML_ERROR_UNINITIALIZED = 1, NVML_ERROR_INVALID_ARGUMENT = 2, NVML_ERROR_NOT_SUPPORTED = 3,
    NVML_ERROR_NO_PERMISSION = 4, NVML_ERROR_NOT_FOUND = 6, NVML_ERROR_INSUFFICIENT_SIZE = 7, NVML_ERROR_TIMEOUT = 10,
    NVML_ERROR_FUNCTION_NOT_FOUND = 13, NVML_ERROR_CORRUPTED_INFOROM = 14, NVML_ERROR_GPU_IS_LOST = 15,
    NVML_ERROR_RESET_REQUIRED = 16, NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18, NVML_ERROR_IN_USE = 19,
    NVML_ERROR_INSUFFICIENT_RESOURCES = 23, NVML_ERROR_ARGUMENT_VERSION_MISMATCH = 25, NVML_ERROR_UNKNOWN = 999,
} nvmlReturn_t;

typedef struct nvmlDevice_st *nvmlDevice_t;
typedef struct nvmlEventSet_st *nvmlEventSet_t;
typedef uint32_t nvmlEnableState_t; /* 0 disabled, 1 enabled */

enum { /* bits of nvmlEventData_t.eventType; what a GPU supports depends on board and driver */
    nvmlEventTypeSingleBitEccError = 1, nvmlEventTypeDoubleBitEccError = 2, nvmlEventTypePState = 4, nvmlEventTypeXidCriticalError = 8,
    nvmlEventTypeClock = 0x10, nvmlEventTypePowerSourceChange = 0x80, nvmlEventMigConfigChange = 0x100,
    nvmlEventTypeSingleBitEccErrorStorm = 0x200, nvmlEventTypeDramRetirementEvent = 0x400, nvmlEventTypeDramRetirementFailure = 0x800,
    nvmlEventTypeNonFatalPoisonError = 0x1000, nvmlEventTypeFatalPoisonError = 0x2000,
    nvmlEventTypeGpuUnavailableError = 0x4000, nvmlEventTypeGpuRecoveryAction = 0x8000,
};

enum { NVML_NVLINK_MAX_LINKS = 18 }; /* as in the headers of the 570 drivers; 36 from 13.3 on */

typedef struct { uint64_t total, free, used; } nvmlMemory_t;
typedef struct { uint32_t version; uint64_t total, reserved, free, used; } nvmlMemory_v2_t;
typedef struct { uint64_t bar1Total, bar1Free, bar1Used; } nvmlBAR1Memory_t;
typedef struct { uint32_t gpu, memory; } nvmlUtilization_t;
typedef struct {
    char busIdLegacy[16];
    uint32_t domain, bus, device, pciDeviceId, pciSubSystemId;
    char busId[32];
} nvmlPciInfo_t;
typedef struct { uint32_t pid; uint64_t usedGpuMemory; uint32_t gpuInstanceId, computeInstanceId; } nvmlProcessInfo_t;
typedef union {
    double dVal;
    int32_t siVal;
    uint32_t uiVal;
    uint64_t ulVal, ullVal;
    int64_t sllVal;
    uint16_t usVal;
} nvmlValue_t;
typedef struct {
    uint32_t fieldId, scopeId;
    int64_t timestamp, latencyUsec;
    uint32_t valueType;
    nvmlReturn_t nvmlReturn;
    nvmlValue_t value;
} nvmlFieldValue_t;
typedef struct {
    nvmlDevice_t device;
    uint64_t eventType, eventData;
    uint32_t gpuInstanceId, computeInstanceId;
} nvmlEventData_t;
typedef struct { uint32_t year; uint16_t month, day, hour, min, sec; uint8_t status; } nvmlVgpuLicenseExpiry_t;
typedef struct {
    uint32_t featureCode, featureState;
    char licenseInfo[128], productName[128];
    uint32_t featureEnabled;
    nvmlVgpuLicenseExpiry_t licenseExpiry;
} nvmlGridLicensableFeature_t;
typedef struct {
    int32_t isGridLicenseSupported;
    uint32_t licensableFeaturesCount;
    nvmlGridLicensableFeature_t gridLicensableFeatures[3];
} nvmlGridLicensableFeatures_t;
typedef struct { uint32_t max, high, partial, low, none; } nvmlRowRemapperHistogramValues_t;
typedef struct { uint32_t version, sensorType; int32_t temperature; } nvmlTemperature_v1_t;

/* The version word at the head of a versioned struct. */
#define VERSION_WORD(type, number) ((uint32_t)sizeof(type) | (uint32_t)(number) << 24)

#endif
