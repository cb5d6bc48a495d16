/* CNDEV as its callers see it: opened at run time, symbols looked up by name. */
#ifndef AIINFRA_CNDEV_CLIENT_H
#define AIINFRA_CNDEV_CLIENT_H

#include "cndev_structs.h"

#define CNDEV_FUNCTIONS(F) \
    F(Init, (int32_t)) \
    F(Release, (void)) \
    F(GetDeviceCount, (cndevCardInfo_t *)) \
    F(GetDeviceHandleByIndex, (int32_t, cndevDevice_t *)) \
    F(GetDeviceHandleByPciBusId, (const char *, cndevDevice_t *)) \
    F(GetDeviceHandleBySerial, (const char *, cndevDevice_t *)) \
    F(GetDeviceHandleByUUID, (const char *, cndevDevice_t *)) \
    F(DeviceGetMinorNumber, (uint32_t *, cndevDevice_t)) \
    F(GetVersionInfo, (cndevVersionInfo_t *, cndevDevice_t)) \
    F(GetDriverVersion, (uint32_t *, uint32_t *, uint32_t *)) \
    F(GetLibVersion, (cndevLibVersionInfo_t *)) \
    F(GetCardName, (cndevCardName_t *, cndevDevice_t)) \
    F(GetCardSN, (cndevCardSN_t *, cndevDevice_t)) \
    F(GetUUID, (cndevUUID_t *, cndevDevice_t)) \
    F(GetPCIeInfoV2, (cndevPCIeInfoV2_t *, cndevDevice_t)) \
    F(GetCurrentPCIInfo, (cndevCurrentPCIInfo_t *, cndevDevice_t)) \
    F(GetMaxPCIInfo, (cndevPCIInfo_t *, cndevDevice_t)) \
    F(GetPCIethroughputV2, (cndevPCIethroughputV2_t *, cndevDevice_t)) \
    F(GetPcieReplayCounter, (cndevPcieReplayCounter_t *, cndevDevice_t)) \
    F(GetNUMANodeIdByDevId, (cndevNUMANodeId_t *, cndevDevice_t)) \
    F(GetDeviceAffinity, (cndevAffinity_t *, cndevDevice_t)) \
    F(TopologyGetRelationship, (cndevTopologyRelationship_t *, cndevDevice_t, cndevDevice_t)) \
    F(GetCoreCount, (cndevCardCoreCount_t *, cndevDevice_t)) \
    F(GetClusterCount, (cndevCardClusterCount_t *, cndevDevice_t)) \
    F(GetMemoryUsageV2, (cndevMemoryInfoV2_t *, cndevDevice_t)) \
    F(GetDeviceUtilizationInfo, (cndevUtilizationInfo_t *, cndevDevice_t)) \
    F(GetVideoCodecUtilization, (cndevVideoCodecUtilization_t *, cndevDevice_t)) \
    F(GetFrequencyInfo, (cndevFrequencyInfo_t *, cndevDevice_t)) \
    F(GetTemperatureInfo, (cndevTemperatureInfo_t *, cndevDevice_t)) \
    F(GetDevicePowerInfo, (cndevDevicePowerInfo_t *, cndevDevice_t)) \
    F(GetFanSpeedInfo, (cndevFanSpeedInfo_t *, cndevDevice_t)) \
    F(GetCardHealthState, (cndevCardHealthState_t *, cndevDevice_t)) \
    F(GetCardHealthStateV2, (cndevCardHealthStateV2_t *, cndevDevice_t)) \
    F(GetCardHeartbeatCount, (cndevCardHeartbeatCount_t *, cndevDevice_t)) \
    F(GetECCInfo, (cndevECCInfo_t *, cndevDevice_t)) \
    F(GetMemEccCounter, (cndevMemEccCounter_t *, cndevDevice_t)) \
    F(GetEccMode, (cndevEccMode_t *, cndevEccMode_t *, cndevDevice_t)) \
    F(GetRetiredPages, (cndevRetiredPageInfo_t *, cndevDevice_t)) \
    F(GetRetiredPagesStatus, (cndevRetiredPageStatus_t *, cndevDevice_t)) \
    F(GetRemappedRows, (cndevRemappedRow_t *, cndevDevice_t)) \
    F(GetRemappedRowsV2, (cndevRemappedRowV2_t *, cndevDevice_t)) \
    F(GetRepairStatus, (cndevRepairStatus_t *, cndevDevice_t)) \
    F(GetOverTemperatureInfo, (cndevOverTemperatureInfo_t *, cndevDevice_t)) \
    F(GetPerformanceThrottleReason, (cndevPerformanceThrottleReason_t *, cndevDevice_t)) \
    F(GetComputeMode, (cndevComputeMode_t *, cndevDevice_t)) \
    F(GetCardVfState, (cndevCardVfState_t *, cndevDevice_t)) \
    F(GetProcessInfo, (uint32_t *, cndevProcessInfo_t *, cndevDevice_t)) \
    F(GetProcessUtilizationInfo, (unsigned *, cndevProcessUtilizationInfo_t *, cndevDevice_t)) \
    F(GetMLULinkStatusV2, (cndevMLULinkStatusV2_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkRemoteInfo, (cndevMLULinkRemoteInfo_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkCounter, (cndevMLULinkCounter_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkErrorCounter, (cndevMLULinkErrorCounter_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkEventCounter, (cndevMLULinkEventCounter_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkSpeedInfo, (cndevMLULinkSpeed_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkVersion, (cndevMLULinkVersion_t *, cndevDevice_t, int32_t)) \
    F(GetMLULinkCapability, (cndevMLULinkCapability_t *, cndevDevice_t, int32_t)) \
    F(GetMimMode, (cndevMimMode_t *, cndevDevice_t)) \
    F(SetMimMode, (cndevMimMode_t *, cndevDevice_t)) \
    F(GetSMLUMode, (cndevSMLUMode_t *, cndevDevice_t)) \
    F(SetSMLUMode, (cndevSMLUMode_t *, cndevDevice_t)) \
    F(GetAllMluInstanceInfo, (int32_t *, cndevMluInstanceInfo_t *, cndevDevice_t)) \
    F(GetMluInstanceProfileInfo, (cndevMluInstanceProfileInfo_t *, int32_t, cndevDevice_t)) \
    F(GetAllSMluInstanceInfo, (int32_t *, cndevSMluInfo_t *, cndevDevice_t)) \
    F(GetSMluProfileInfo, (cndevSMluProfileInfo_t *, int32_t, cndevDevice_t)) \
    F(GetSMluProfileIdInfo, (cndevSMluProfileIdInfo_t *, cndevDevice_t)) \
    F(CreateSMluProfileInfo, (cndevSMluSet_t *, int32_t *, cndevDevice_t)) \
    F(CreateSMluInstanceByProfileId, (cndevMluInstance_t *, uint32_t, cndevDevice_t, char *)) \
    F(CreateMluInstanceByProfileName, (cndevMluInstance_t *, char *, cndevDevice_t, char *)) \
    F(DestroySMluInstanceByHandle, (cndevMluInstance_t)) \
    F(DestroyMluInstanceByHandle, (cndevMluInstance_t)) \
    F(EventHandleCreate, (cndevEventHandle *)) \
    F(EventHandleDestroy, (cndevEventHandle)) \
    F(GetSupportedEventTypes, (uint64_t *, cndevDevice_t)) \
    F(RegisterEvents, (cndevEventHandle, uint64_t, cndevDevice_t)) \
    F(EventWait, (cndevEventHandle, cndevEventData_t *, int32_t)) \
    F(InjectEventError, (uint64_t, cndevDevice_t)) \
    F(DeviceGetFieldValues, (cndevDevice_t, int32_t, cndevFieldValue_t *)) \
    F(MpmQueryDeviceSupport, (cndevDevice_t, bool *)) \
    F(MpmSampleAlloc, (cndevMpmSample_t *)) \
    F(MpmSampleFree, (cndevMpmSample_t)) \
    F(MpmSampleGet, (cndevMpmSample_t, cndevDevice_t)) \
    F(MpmMetricsGet, (cndevMpmMetricsGet_t *)) \
    F(ResetDevice, (cndevDevice_t))

struct cndev_client {
#define MEMBER(name, parameters) cndevRet_t (*name) parameters;
    CNDEV_FUNCTIONS(MEMBER)
#undef MEMBER
    int32_t (*GetMLULinkPortNumber)(cndevDevice_t);
    const char *(*GetErrorString)(cndevRet_t);
    const char *(*GetCardNameStringByDevId)(cndevDevice_t);
    const char *(*GetCardNameString)(uint32_t);
    int (*aiinfraSimulator)(void);
};

/* A build by its folder, "." for the whole one; NULL members are symbols that it lacks. */
const struct cndev_client *cndev_open(const char *build);
/* Writes the scenario, opens the whole build and starts it. */
const struct cndev_client *cndev_start(const char *scenario);
cndevDevice_t cndev_card(const struct cndev_client *client, int32_t index);

#endif
