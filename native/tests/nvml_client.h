/* The library as its callers see it: opened at run time, symbols looked up by name. */
#ifndef AIINFRA_NVML_CLIENT_H
#define AIINFRA_NVML_CLIENT_H

#include "nvml_abi.h"

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
