using AIInfra.Vendors.Ascend;

namespace AIInfra.UnitTests.Vendors.Ascend;

/// <summary>Holds the C# structs against <c>native/abi/dcmi.tsv</c>.</summary>
public sealed class DcmiStructsTests
{
    private static readonly AbiTable Table = new("dcmi.tsv");

    public static TheoryData<string, Type> Structs { get; } = new()
    {
        { "chip_info_v2", typeof(DcmiChipInfo) },
        { "pcie_info_all", typeof(DcmiPcieInfo) },
        { "board_info", typeof(DcmiBoardInfo) },
        { "elabel_info", typeof(DcmiElabelInfo) },
        { "die_id", typeof(DcmiDieId) },
        { "ecc_info", typeof(DcmiEccInfo) },
        { "hbm_info", typeof(DcmiHbmInfo) },
        { "get_memory_info_stru", typeof(DcmiMemoryInfo) },
        { "proc_mem_info", typeof(DcmiProcMemInfo) },
        { "ip_addr", typeof(DcmiIpAddr) },
        { "hccs_statistic_info_u64", typeof(DcmiHccsStatistic) },
        { "hccs_statistic_info", typeof(DcmiHccsStatisticOld) },
        { "spod_info", typeof(DcmiSpodInfo) },
        { "event_filter", typeof(DcmiEventFilter) },
        { "dms_fault_event", typeof(DcmiFaultEvent) },
        { "event", typeof(DcmiEvent) },
        { "base_resource", typeof(DcmiBaseResource) },
        { "computing_resource", typeof(DcmiComputingResource) },
        { "media_resource", typeof(DcmiMediaResource) },
        { "soc_total_resource", typeof(DcmiSocTotalResource) },
        { "vdev_query_info", typeof(DcmiVdevQueryInfo) },
        { "vdev_query_stru", typeof(DcmiVdevQuery) },
    };

    [Theory, MemberData(nameof(Structs))]
    public void Size_and_every_offset_are_those_of_the_header(string name, Type type) => Table.AssertSame(name, type);
}
