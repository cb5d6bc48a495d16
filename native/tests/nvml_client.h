/* The library as its callers see it: opened at run time, symbols looked up by name. */
#ifndef AIINFRA_NVML_CLIENT_H
#define AIINFRA_NVML_CLIENT_H

#include "nvml_structs.h"

#define CLIENT_FUNCTIONS(F) \
    F(Init_v2, (void)) \
    F(InitWithFlags, (unsigned)) \
    F(Shutdown, (void)) \
    F(SystemGetDriverVersion, (char *, unsigned)) \
    F(SystemGetNVMLVersion, (char *, unsigned)) \
    F(SystemGetCudaDriverVersion_v2, (int *)) \
    F(DeviceGetCount_v2, (unsigned *)) \
    F(DeviceGetHandleByIndex_v2, (unsigned, nvmlDevice_t *)) \
    F(DeviceGetHandleByUUID, (const char *, nvmlDevice_t *)) \
    F(DeviceGetHandleByPciBusId_v2, (const char *, nvmlDevice_t *)) \
    F(DeviceGetIndex, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetUUID, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetSerial, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetName, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetVbiosVersion, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetBoardPartNumber, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetMinorNumber, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetModuleId, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetBrand, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetArchitecture, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetCudaComputeCapability, (nvmlDevice_t, int *, int *)) \
    F(DeviceGetPersistenceMode, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetPciInfo_v3, (nvmlDevice_t, nvmlPciInfo_t *)) \
    F(DeviceGetCurrPcieLinkGeneration, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetCurrPcieLinkWidth, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetMaxPcieLinkGeneration, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetMaxPcieLinkWidth, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetPcieReplayCounter, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetTopologyCommonAncestor, (nvmlDevice_t, nvmlDevice_t, uint32_t *)) \
    F(DeviceGetP2PStatus, (nvmlDevice_t, nvmlDevice_t, uint32_t, uint32_t *)) \
    F(DeviceGetMemoryInfo, (nvmlDevice_t, nvmlMemory_t *)) \
    F(DeviceGetMemoryInfo_v2, (nvmlDevice_t, nvmlMemory_v2_t *)) \
    F(DeviceGetBAR1MemoryInfo, (nvmlDevice_t, nvmlBAR1Memory_t *)) \
    F(DeviceGetUtilizationRates, (nvmlDevice_t, nvmlUtilization_t *)) \
    F(DeviceGetEncoderUtilization, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetDecoderUtilization, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, nvmlProcessInfo_t *)) \
    F(DeviceGetClockInfo, (nvmlDevice_t, uint32_t, unsigned *)) \
    F(DeviceGetMaxClockInfo, (nvmlDevice_t, uint32_t, unsigned *)) \
    F(DeviceGetPerformanceState, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetCurrentClocksEventReasons, (nvmlDevice_t, uint64_t *)) \
    F(DeviceGetCurrentClocksThrottleReasons, (nvmlDevice_t, uint64_t *)) \
    F(DeviceGetPowerUsage, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetPowerManagementLimit, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetEnforcedPowerLimit, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetTotalEnergyConsumption, (nvmlDevice_t, uint64_t *)) \
    F(DeviceGetTemperature, (nvmlDevice_t, uint32_t, unsigned *)) \
    F(DeviceGetTemperatureV, (nvmlDevice_t, nvmlTemperature_v1_t *)) \
    F(DeviceGetTemperatureThreshold, (nvmlDevice_t, uint32_t, unsigned *)) \
    F(DeviceGetEccMode, (nvmlDevice_t, uint32_t *, uint32_t *)) \
    F(DeviceGetTotalEccErrors, (nvmlDevice_t, uint32_t, uint32_t, uint64_t *)) \
    F(DeviceGetRemappedRows, (nvmlDevice_t, unsigned *, unsigned *, unsigned *, unsigned *)) \
    F(DeviceGetRowRemapperHistogram, (nvmlDevice_t, nvmlRowRemapperHistogramValues_t *)) \
    F(DeviceGetNvLinkState, (nvmlDevice_t, unsigned, uint32_t *)) \
    F(DeviceGetNvLinkVersion, (nvmlDevice_t, unsigned, unsigned *)) \
    F(DeviceGetNvLinkRemotePciInfo_v2, (nvmlDevice_t, unsigned, nvmlPciInfo_t *)) \
    F(DeviceGetNvLinkRemoteDeviceType, (nvmlDevice_t, unsigned, uint32_t *)) \
    F(DeviceGetNvLinkErrorCounter, (nvmlDevice_t, unsigned, uint32_t, uint64_t *)) \
    F(DeviceGetFieldValues, (nvmlDevice_t, int, nvmlFieldValue_t *)) \
    F(DeviceGetMigMode, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetMaxMigDeviceCount, (nvmlDevice_t, unsigned *)) \
    F(ComputeInstanceDestroy, (nvmlComputeInstance_t)) \
    F(ComputeInstanceGetInfo_v2, (nvmlComputeInstance_t, nvmlComputeInstanceInfo_t *)) \
    F(DeviceClearEccErrorCounts, (nvmlDevice_t, uint32_t)) \
    F(DeviceCreateGpuInstance, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *)) \
    F(DeviceCreateGpuInstanceWithPlacement, (nvmlDevice_t, unsigned, const nvmlGpuInstancePlacement_t *, nvmlGpuInstance_t *)) \
    F(DeviceDiscoverGpus, (nvmlPciInfo_t *)) \
    F(DeviceGetAccountingBufferSize, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetAccountingMode, (nvmlDevice_t, nvmlEnableState_t *)) \
    F(DeviceGetAccountingPids, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetAccountingStats, (nvmlDevice_t, unsigned, nvmlAccountingStats_t *)) \
    F(DeviceGetActiveVgpus, (nvmlDevice_t, unsigned *, uint32_t *)) \
    F(DeviceGetAttributes_v2, (nvmlDevice_t, nvmlDeviceAttributes_t *)) \
    F(DeviceGetBoardId, (nvmlDevice_t, unsigned *)) \
    F(SystemGetConfComputeState, (nvmlConfComputeSystemState_t *)) \
    F(SystemGetConfComputeGpusReadyState, (unsigned *)) \
    F(DeviceGetC2cModeInfoV, (nvmlDevice_t, nvmlC2cModeInfo_v1_t *)) \
    F(DeviceGetComputeInstanceId, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetComputeMode, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetComputeRunningProcesses, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetComputeRunningProcesses_v2, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetCpuAffinity, (nvmlDevice_t, unsigned, uint64_t *)) \
    F(DeviceGetCpuAffinityWithinScope, (nvmlDevice_t, unsigned, uint64_t *, uint32_t)) \
    F(DeviceGetCreatableVgpus, (nvmlDevice_t, unsigned *, uint32_t *)) \
    F(DeviceGetDeviceHandleFromMigDeviceHandle, (nvmlDevice_t, nvmlDevice_t *)) \
    F(DeviceGetFanSpeed_v2, (nvmlDevice_t, unsigned, unsigned *)) \
    F(DeviceGetGpuFabricInfo, (nvmlDevice_t, nvmlGpuFabricInfo_t *)) \
    F(DeviceGetGpuFabricInfoV, (nvmlDevice_t, nvmlGpuFabricInfo_v3_t *)) \
    F(DeviceGetGpuInstanceById, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *)) \
    F(DeviceGetGpuInstanceId, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetGpuInstancePossiblePlacements_v2, (nvmlDevice_t, unsigned, nvmlGpuInstancePlacement_t *, unsigned *)) \
    F(DeviceGetGpuInstanceProfileInfo, (nvmlDevice_t, unsigned, nvmlGpuInstanceProfileInfo_t *)) \
    F(DeviceGetGpuInstanceProfileInfoV, (nvmlDevice_t, unsigned, nvmlGpuInstanceProfileInfo_v2_t *)) \
    F(DeviceGetGpuInstanceRemainingCapacity, (nvmlDevice_t, unsigned, unsigned *)) \
    F(DeviceGetGpuInstances, (nvmlDevice_t, unsigned, nvmlGpuInstance_t *, unsigned *)) \
    F(DeviceGetGpuMaxPcieLinkGeneration, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetGraphicsRunningProcesses, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetGraphicsRunningProcesses_v2, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetGraphicsRunningProcesses_v3, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetGridLicensableFeatures_v4, (nvmlDevice_t, nvmlGridLicensableFeatures_t *)) \
    F(DeviceGetGspFirmwareMode, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetGspFirmwareVersion, (nvmlDevice_t, char *)) \
    F(DeviceGetHostVgpuMode, (nvmlDevice_t, uint32_t *)) \
    F(DeviceGetInforomImageVersion, (nvmlDevice_t, char *, unsigned)) \
    F(DeviceGetJpgUtilization, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetMPSComputeRunningProcesses, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetMPSComputeRunningProcesses_v2, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetMPSComputeRunningProcesses_v3, (nvmlDevice_t, unsigned *, void *)) \
    F(DeviceGetMarginTemperature, (nvmlDevice_t, nvmlMarginTemperature_v1_t *)) \
    F(DeviceGetMemoryAffinity, (nvmlDevice_t, unsigned, uint64_t *, uint32_t)) \
    F(DeviceGetMemoryErrorCounter, (nvmlDevice_t, uint32_t, uint32_t, uint32_t, uint64_t *)) \
    F(DeviceGetMigDeviceHandleByIndex, (nvmlDevice_t, unsigned, nvmlDevice_t *)) \
    F(DeviceGetNumFans, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetNumaNodeId, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetNvLinkCapability, (nvmlDevice_t, unsigned, uint32_t, unsigned *)) \
    F(DeviceGetNvLinkInfo, (nvmlDevice_t, nvmlNvLinkInfo_v2_t *)) \
    F(DeviceGetOfaUtilization, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetPciInfoExt, (nvmlDevice_t, nvmlPciInfoExt_v1_t *)) \
    F(DeviceGetPcieThroughput, (nvmlDevice_t, uint32_t, unsigned *)) \
    F(DeviceGetPlatformInfo, (nvmlDevice_t, nvmlPlatformInfo_v2_t *)) \
    F(DeviceGetPowerManagementDefaultLimit, (nvmlDevice_t, unsigned *)) \
    F(DeviceGetPowerManagementLimitConstraints, (nvmlDevice_t, unsigned *, unsigned *)) \
    F(DeviceGetProcessUtilization, (nvmlDevice_t, nvmlProcessUtilizationSample_t *, unsigned *, uint64_t)) \
    F(DeviceGetProcessesUtilizationInfo, (nvmlDevice_t, nvmlProcessesUtilizationInfo_v1_t *)) \
    F(DeviceGetRemappedRows_v2, (nvmlDevice_t, nvmlRemappedRowsInfo_v2_t *)) \
    F(DeviceGetRepairStatus, (nvmlDevice_t, nvmlRepairStatus_v1_t *)) \
    F(DeviceGetRetiredPagesPendingStatus, (nvmlDevice_t, nvmlEnableState_t *)) \
    F(DeviceGetRetiredPages_v2, (nvmlDevice_t, uint32_t, unsigned *, uint64_t *, uint64_t *)) \
    F(DeviceGetRunningProcessDetailList, (nvmlDevice_t, nvmlProcessDetailList_v1_t *)) \
    F(DeviceGetSamples, (nvmlDevice_t, uint32_t, uint64_t, uint32_t *, unsigned *, nvmlSample_t *)) \
    F(DeviceGetSramEccErrorStatus, (nvmlDevice_t, nvmlEccSramErrorStatus_v1_t *)) \
    F(DeviceGetSramUniqueUncorrectedEccErrorCounts, (nvmlDevice_t, nvmlEccSramUniqueUncorrectedErrorCounts_v1_t *)) \
    F(DeviceGetSupportedVgpus, (nvmlDevice_t, unsigned *, uint32_t *)) \
    F(DeviceGetTopologyNearestGpus, (nvmlDevice_t, uint32_t, unsigned *, nvmlDevice_t *)) \
    F(DeviceGetUnrepairableMemoryFlag_v1, (nvmlDevice_t, nvmlUnrepairableMemoryStatus_v1_t *)) \
    F(DeviceGetVgpuUtilization, (nvmlDevice_t, uint64_t, uint32_t *, unsigned *, nvmlVgpuInstanceUtilizationSample_t *)) \
    F(DeviceGetViolationStatus, (nvmlDevice_t, uint32_t, nvmlViolationTime_t *)) \
    F(DeviceGetVirtualizationMode, (nvmlDevice_t, uint32_t *)) \
    F(DeviceIsMigDeviceHandle, (nvmlDevice_t, unsigned *)) \
    F(DeviceModifyDrainState, (nvmlPciInfo_t *, nvmlEnableState_t)) \
    F(DeviceQueryDrainState, (nvmlPciInfo_t *, nvmlEnableState_t *)) \
    F(DeviceRemoveGpu_v2, (nvmlPciInfo_t *, uint32_t, uint32_t)) \
    F(DeviceResetGpuLockedClocks, (nvmlDevice_t)) \
    F(DeviceResetNvLinkErrorCounters, (nvmlDevice_t, unsigned)) \
    F(DeviceSetEccMode, (nvmlDevice_t, nvmlEnableState_t)) \
    F(DeviceSetGpuLockedClocks, (nvmlDevice_t, unsigned, unsigned)) \
    F(DeviceSetMigMode, (nvmlDevice_t, unsigned, nvmlReturn_t *)) \
    F(DeviceSetPersistenceMode, (nvmlDevice_t, nvmlEnableState_t)) \
    F(DeviceSetPowerManagementLimit, (nvmlDevice_t, unsigned)) \
    F(DeviceValidateInforom, (nvmlDevice_t)) \
    F(GpmMetricsGet, (nvmlGpmMetricsGet_t *)) \
    F(GpmMigSampleGet, (nvmlDevice_t, unsigned, nvmlGpmSample_t)) \
    F(GpmQueryDeviceSupport, (nvmlDevice_t, nvmlGpmSupport_t *)) \
    F(GpmSampleAlloc, (nvmlGpmSample_t *)) \
    F(GpmSampleFree, (nvmlGpmSample_t)) \
    F(GpmSampleGet, (nvmlDevice_t, nvmlGpmSample_t)) \
    F(GpuInstanceCreateComputeInstance, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *)) \
    F(GpuInstanceDestroy, (nvmlGpuInstance_t)) \
    F(GpuInstanceGetComputeInstanceById, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *)) \
    F(GpuInstanceGetComputeInstanceProfileInfo, (nvmlGpuInstance_t, unsigned, unsigned, nvmlComputeInstanceProfileInfo_t *)) \
    F(GpuInstanceGetComputeInstanceProfileInfoV, (nvmlGpuInstance_t, unsigned, unsigned, nvmlComputeInstanceProfileInfo_v3_t *)) \
    F(GpuInstanceGetComputeInstances, (nvmlGpuInstance_t, unsigned, nvmlComputeInstance_t *, unsigned *)) \
    F(GpuInstanceGetInfo, (nvmlGpuInstance_t, nvmlGpuInstanceInfo_t *)) \
    F(SystemEventSetCreate, (nvmlSystemEventSetCreateRequest_v1_t *)) \
    F(SystemEventSetFree, (nvmlSystemEventSetFreeRequest_v1_t *)) \
    F(SystemEventSetWait, (nvmlSystemEventSetWaitRequest_v1_t *)) \
    F(SystemGetDriverBranch, (nvmlSystemDriverBranchInfo_v1_t *, unsigned)) \
    F(SystemGetProcessName, (unsigned, char *, unsigned)) \
    F(SystemRegisterEvents, (nvmlSystemRegisterEventRequest_v1_t *)) \
    F(VgpuInstanceGetFbUsage, (uint32_t, uint64_t *)) \
    F(VgpuInstanceGetLicenseInfo_v2, (uint32_t, nvmlVgpuLicenseInfo_t *)) \
    F(VgpuInstanceGetMdevUUID, (uint32_t, char *, unsigned)) \
    F(VgpuInstanceGetType, (uint32_t, uint32_t *)) \
    F(VgpuInstanceGetUUID, (uint32_t, char *, unsigned)) \
    F(VgpuTypeGetFramebufferSize, (uint32_t, uint64_t *)) \
    F(VgpuTypeGetName, (uint32_t, char *, unsigned *)) \
    F(EventSetCreate, (nvmlEventSet_t *)) \
    F(EventSetFree, (nvmlEventSet_t)) \
    F(EventSetWait_v2, (nvmlEventSet_t, nvmlEventData_t *, unsigned)) \
    F(DeviceRegisterEvents, (nvmlDevice_t, uint64_t, nvmlEventSet_t)) \
    F(DeviceGetSupportedEventTypes, (nvmlDevice_t, uint64_t *))

/* A missing symbol is NULL here, as it is for any caller. */
struct nvml_client {
    void *library;
    const char *(*ErrorString)(nvmlReturn_t);
    const char *(*aiinfraSimulator)(void);
#define DECLARE(name, parameters) nvmlReturn_t(*name) parameters;
    CLIENT_FUNCTIONS(DECLARE)
#undef DECLARE
};

/* build: "" for the newest, "old", "broken". The library stays loaded. */
const struct nvml_client *client_open(const char *build);
/* Opens the newest and initialises it. */
const struct nvml_client *client_start(void);
nvmlDevice_t client_gpu(const struct nvml_client *client, unsigned index);
/* One reading of nvmlDeviceGetFieldValues. */
nvmlFieldValue_t client_field(const struct nvml_client *client, nvmlDevice_t gpu, unsigned field, unsigned scope);

enum { CLIENT_LONG_WAIT = 20000 }; /* ms; a wait that ends by it was not woken */

/* A set in which all eight GPUs of a DGX are registered for these types. */
nvmlEventSet_t client_event_set(const struct nvml_client *client, uint64_t types);
/* Waits; not to be woken in time is a failed check. */
nvmlReturn_t client_wait(const struct nvml_client *client, nvmlEventSet_t set, nvmlEventData_t *data);
/* Waits for exactly this event. */
void client_expect(const struct nvml_client *client, nvmlEventSet_t set, unsigned gpu, uint64_t type, uint64_t what);

#endif
