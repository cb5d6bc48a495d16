using AIInfra.Vendors.Intel.LevelZero;

namespace AIInfra.UnitTests.Vendors;

/// <summary>Holds the C# structs against <c>native/abi/levelzero.tsv</c>, the table that the C side asserts at compile time.</summary>
public sealed class ZesStructsTests
{
    public static TheoryData<string, Type, uint?> Structs { get; } = new()
    {
        { "ze_device_properties", typeof(ZeDeviceProperties), Stype.CoreDeviceProperties },
        { "zes_device_properties", typeof(ZesDeviceProperties), Stype.DeviceProperties },
        { "zes_device_state", typeof(ZesDeviceState), Stype.DeviceState },
        { "zes_device_ecc_properties", typeof(ZesEccProperties), Stype.EccState },
        { "zes_pci_address", typeof(ZesPciAddress), null },
        { "zes_pci_speed", typeof(ZesPciSpeed), null },
        { "zes_pci_properties", typeof(ZesPciProperties), Stype.PciProperties },
        { "zes_pci_state", typeof(ZesPciState), Stype.PciState },
        { "zes_pci_stats", typeof(ZesPciStats), null },
        { "zes_process_state", typeof(ZesProcessState), Stype.ProcessState },
        { "zes_engine_properties", typeof(ZesEngineProperties), Stype.EngineProperties },
        { "zes_engine_stats", typeof(ZesEngineStats), null },
        { "zes_mem_properties", typeof(ZesMemProperties), Stype.MemoryProperties },
        { "zes_mem_state", typeof(ZesMemState), Stype.MemoryState },
        { "zes_mem_bandwidth", typeof(ZesMemBandwidth), null },
        { "zes_temp_properties", typeof(ZesTempProperties), Stype.TemperatureProperties },
        { "zes_freq_properties", typeof(ZesFreqProperties), Stype.FrequencyProperties },
        { "zes_freq_state", typeof(ZesFreqState), Stype.FrequencyState },
        { "zes_ras_properties", typeof(ZesRasProperties), Stype.RasProperties },
        { "zes_ras_state", typeof(ZesRasState), Stype.RasState },
        { "zes_ras_state_exp", typeof(ZesRasStateExp), null },
        { "zes_fabric_port_id", typeof(ZesFabricPortId), null },
        { "zes_fabric_port_speed", typeof(ZesFabricPortSpeed), null },
        { "zes_fabric_port_properties", typeof(ZesFabricPortProperties), Stype.FabricPortProperties },
        { "zes_fabric_port_state", typeof(ZesFabricPortState), Stype.FabricPortState },
        { "zes_fabric_port_throughput", typeof(ZesFabricPortThroughput), null },
    };

    [Theory, MemberData(nameof(Structs))]
    public void Size_every_offset_and_the_number_are_those_of_the_header(string name, Type type, uint? number)
    {
        var table = new AbiTable("levelzero.tsv");

        table.AssertSame(name, type);
        Assert.Equal(number?.ToString() ?? "-", table.TextOf(name));
    }
}
