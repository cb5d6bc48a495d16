using AIInfra.Vendors.Nvidia;

namespace AIInfra.UnitTests.Vendors;

/// <summary>Holds the C# structs against <c>native/abi/nvml.tsv</c>, the table that the C side asserts at compile time.</summary>
public sealed class NvmlStructsTests
{
    private static readonly AbiTable Table = new("nvml.tsv");

    public static TheoryData<string, Type> Structs { get; } = new()
    {
        { "Memory", typeof(NvmlMemory) },
        { "Memory_v2", typeof(NvmlMemory_v2) },
        { "Utilization", typeof(NvmlUtilization) },
        { "PciInfo", typeof(NvmlPciInfo) },
        { "Temperature_v1", typeof(NvmlTemperature_v1) },
        { "Value", typeof(NvmlValue) },
        { "FieldValue", typeof(NvmlFieldValue) },
        { "EventData", typeof(NvmlEventData) },
        { "VgpuLicenseExpiry", typeof(NvmlVgpuLicenseExpiry) },
        { "GridLicensableFeature", typeof(NvmlGridLicensableFeature) },
        { "GridLicensableFeatures", typeof(NvmlGridLicensableFeatures) },
        { "BAR1Memory", typeof(NvmlBar1Memory) },
        { "ProcessInfo", typeof(NvmlProcessInfo) },
        { "MarginTemperature_v1", typeof(NvmlMarginTemperature_v1) },
        { "RowRemapperHistogramValues", typeof(NvmlRowRemapperHistogram) },
        { "EccSramErrorStatus_v1", typeof(NvmlEccSramErrorStatus_v1) },
        { "GpuFabricInfo", typeof(NvmlGpuFabricInfo) },
        { "GpuFabricInfo_v3", typeof(NvmlGpuFabricInfo_v3) },
        { "C2cModeInfo_v1", typeof(NvmlC2cModeInfo_v1) },
        { "ConfComputeSystemState", typeof(NvmlConfComputeSystemState) },
        { "DeviceAttributes", typeof(NvmlDeviceAttributes) },
        { "GpuInstancePlacement", typeof(NvmlGpuInstancePlacement) },
        { "GpuInstanceInfo", typeof(NvmlGpuInstanceInfo) },
        { "GpuInstanceProfileInfo_v2", typeof(NvmlGpuInstanceProfileInfo_v2) },
        { "GpuInstanceProfileInfo_v3", typeof(NvmlGpuInstanceProfileInfo_v3) },
        { "GpmSupport", typeof(NvmlGpmSupport) },
        { "GpmMetric", typeof(NvmlGpmMetric) },
        { "GpmMetricsGet", typeof(NvmlGpmMetricsGet) },
    };

    [Theory, MemberData(nameof(Structs))]
    public void Size_and_every_offset_are_those_of_the_header(string name, Type type) => Table.AssertSame(name, type);

    [Fact]
    public void Version_words_are_those_of_the_header()
    {
        Assert.Equal(NvmlMemory_v2.VersionWord, VersionOf("Memory_v2"));
        Assert.Equal(NvmlTemperature_v1.VersionWord, VersionOf("Temperature_v1"));
        Assert.Equal(NvmlMarginTemperature_v1.VersionWord, VersionOf("MarginTemperature_v1"));
        Assert.Equal(NvmlEccSramErrorStatus_v1.VersionWord, VersionOf("EccSramErrorStatus_v1"));
        Assert.Equal(NvmlGpuFabricInfo_v3.VersionWord, VersionOf("GpuFabricInfo_v3"));
        Assert.Equal(NvmlGpuFabricInfo_v3.VersionWord_v2, VersionOf("GpuFabricInfo_v2"));
        Assert.Equal(NvmlGpuInstanceProfileInfo_v3.VersionWord, VersionOf("GpuInstanceProfileInfo_v3"));
        Assert.Equal(NvmlGpuInstanceProfileInfo_v2.VersionWord, VersionOf("GpuInstanceProfileInfo_v2"));
    }

    private static uint VersionOf(string name) => Table.VersionOf(name);
}
