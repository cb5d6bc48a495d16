using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

/// <summary>Holds the C# structs against <c>native/abi/cndev.tsv</c>, the table that the C side asserts at compile time.</summary>
public sealed class CndevStructsTests
{
    public static TheoryData<string, Type> Structs { get; } = new()
    {
        { "CardInfo", typeof(CndevCardInfo) },
        { "VersionInfo", typeof(CndevVersionInfo) },
        { "LibVersionInfo", typeof(CndevLibVersionInfo) },
        { "ComputeMode", typeof(CndevComputeMode) },
        { "CardName", typeof(CndevCardName) },
        { "CardSN", typeof(CndevCardSN) },
        { "UUID", typeof(CndevUUID) },
        { "PCIeInfoV2", typeof(CndevPCIeInfoV2) },
        { "CurrentPCIInfo", typeof(CndevCurrentPCIInfo) },
        { "PCIethroughputV2", typeof(CndevPCIethroughputV2) },
        { "PcieReplayCounter", typeof(CndevPcieReplayCounter) },
        { "NUMANodeId", typeof(CndevNUMANodeId) },
        { "TopologyRelationship", typeof(CndevTopologyRelationship) },
        { "MemoryInfoV2", typeof(CndevMemoryInfoV2) },
        { "UtilizationInfo", typeof(CndevUtilizationInfo) },
        { "VideoCodecUtilization", typeof(CndevVideoCodecUtilization) },
        { "FrequencyInfo", typeof(CndevFrequencyInfo) },
        { "TemperatureInfo", typeof(CndevTemperatureInfo) },
        { "DevicePowerInfo", typeof(CndevDevicePowerInfo) },
        { "FanSpeedInfo", typeof(CndevFanSpeedInfo) },
        { "CardHealthState", typeof(CndevCardHealthState) },
        { "CardHealthStateV2", typeof(CndevCardHealthStateV2) },
        { "IncidentInfo", typeof(CndevIncidentInfo) },
        { "CardHeartbeatCount", typeof(CndevCardHeartbeatCount) },
        { "ECCInfo", typeof(CndevECCInfo) },
        { "MemEccCounter", typeof(CndevMemEccCounter) },
        { "EccMode", typeof(CndevEccMode) },
        { "RetiredPageInfo", typeof(CndevRetiredPageInfo) },
        { "RetiredPageStatus", typeof(CndevRetiredPageStatus) },
        { "RemappedRow", typeof(CndevRemappedRow) },
        { "RemappedRowV2", typeof(CndevRemappedRowV2) },
        { "RepairStatus", typeof(CndevRepairStatus) },
        { "OverTemperatureInfo", typeof(CndevOverTemperatureInfo) },
        { "PerformanceThrottleReason", typeof(CndevPerformanceThrottleReason) },
        { "ProcessInfo", typeof(CndevProcessInfo) },
        { "MLULinkStatusV2", typeof(CndevMLULinkStatusV2) },
        { "MLULinkRemoteInfo", typeof(CndevMLULinkRemoteInfo) },
        { "MLULinkCounter", typeof(CndevMLULinkCounter) },
        { "MLULinkEventCounter", typeof(CndevMLULinkEventCounter) },
        { "MLULinkSpeed", typeof(CndevMLULinkSpeed) },
        { "MimMode", typeof(CndevMimMode) },
        { "SMLUMode", typeof(CndevSMLUMode) },
        { "MluInstanceInfo", typeof(CndevMluInstanceInfo) },
        { "SMluInfo", typeof(CndevSMluInfo) },
        { "EventData", typeof(CndevEventData) },
        { "FieldValue", typeof(CndevFieldValue) },
    };

    [Theory, MemberData(nameof(Structs))]
    public void Size_and_every_offset_are_those_of_the_header(string name, Type type) => new AbiTable("cndev.tsv").AssertSame(name, type);
}
