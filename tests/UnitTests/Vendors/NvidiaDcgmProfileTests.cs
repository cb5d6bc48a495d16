using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;
using AIInfra.Vendors.Nvidia;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.UnitTests.Vendors;

public sealed class NvidiaDcgmProfileTests
{
    private static readonly MetricProfile Profile = NvidiaDcgmProfile.Legacy(null, []);
    private static readonly MetricProfile Newer = NvidiaDcgmProfile.Current(null, []);

    private static readonly Device Gpu = new()
    {
        Id = "GPU-a",
        Index = 3,
        NodeName = "nvidia3",
        PciAddress = "0000:9d:00.0",
        Vendor = "nvidia",
        Model = "NVIDIA H100 80GB HBM3",
        ResourceName = "nvidia.com/gpu",
    };
    private static readonly VendorInventory Inventory = new() { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570.124.06" };

    [Theory] // name, type, value in base units, value as dcgm-exporter prints it
    [InlineData("DCGM_FI_DEV_SM_CLOCK", MetricType.Gauge, 1980e6, "1980")]
    [InlineData("DCGM_FI_DEV_MEM_CLOCK", MetricType.Gauge, 2619e6, "2619")]
    [InlineData("DCGM_FI_DEV_MEMORY_TEMP", MetricType.Gauge, 51, "51")]
    [InlineData("DCGM_FI_DEV_GPU_TEMP", MetricType.Gauge, 47, "47")]
    [InlineData("DCGM_FI_DEV_POWER_USAGE", MetricType.Gauge, 69.123, "69.123")]
    [InlineData("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", MetricType.Counter, 1234567.891, "1234567891")]
    [InlineData("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", MetricType.Counter, 7, "7")]
    [InlineData("DCGM_FI_DEV_GPU_UTIL", MetricType.Gauge, 0.29, "29")]
    [InlineData("DCGM_FI_DEV_MEM_COPY_UTIL", MetricType.Gauge, 0.57, "57")]
    [InlineData("DCGM_FI_DEV_ENC_UTIL", MetricType.Gauge, 0, "0")]
    [InlineData("DCGM_FI_DEV_DEC_UTIL", MetricType.Gauge, 1, "100")]
    [InlineData("DCGM_FI_DEV_XID_ERRORS", MetricType.Gauge, 79, "79")]
    [InlineData("DCGM_FI_DEV_FB_FREE", MetricType.Gauge, 81008.0 * 1048576, "81008")]
    [InlineData("DCGM_FI_DEV_FB_USED", MetricType.Gauge, 0, "0")]
    [InlineData("DCGM_FI_DEV_FB_RESERVED", MetricType.Gauge, 551.0 * 1048576, "551")]
    [InlineData("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", MetricType.Counter, 512e6, "500")]
    [InlineData("DCGM_FI_DEV_VGPU_LICENSE_STATUS", MetricType.Gauge, 0, "0")]
    [InlineData("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", MetricType.Counter, 2, "2")]
    [InlineData("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", MetricType.Counter, 1, "1")]
    [InlineData("DCGM_FI_DEV_ROW_REMAP_FAILURE", MetricType.Gauge, 0, "0")]
    [InlineData("DCGM_FI_PROF_GR_ENGINE_ACTIVE", MetricType.Gauge, 0.875, "0.875")]
    [InlineData("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", MetricType.Gauge, 0, "0")]
    [InlineData("DCGM_FI_PROF_DRAM_ACTIVE", MetricType.Gauge, 1, "1")]
    [InlineData("DCGM_FI_PROF_PCIE_TX_BYTES", MetricType.Gauge, 12345678.9, "12345679")]
    [InlineData("DCGM_FI_PROF_SM_OCCUPANCY", MetricType.Gauge, 0.25, "0.25")]
    [InlineData("DCGM_FI_DEV_POWER_VIOLATION", MetricType.Counter, 1.5, "1500000000")]
    [InlineData("DCGM_FI_DEV_ECC_DBE_AGG_TOTAL", MetricType.Counter, 3, "3")]
    [InlineData("DCGM_FI_DEV_RETIRED_PENDING", MetricType.Counter, 1, "1")]
    [InlineData("DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL", MetricType.Counter, 9, "9")]
    [InlineData("DCGM_FI_DEV_ENFORCED_POWER_LIMIT", MetricType.Gauge, 699.5, "699.5")]
    [InlineData("DCGM_FI_DEV_FABRIC_HEALTH_MASK", MetricType.Gauge, 0x1aa, "426")]
    public void Each_name_has_the_type_and_unit_of_dcgm_exporter(string name, MetricType type, double reading, string printed)
    {
        var family = Profile.Families.Single(family => family.Name == name);
        var value = reading * family.Scale;

        Assert.Equal(type, family.Type);
        Assert.Equal(printed, (family.IsInteger ? Math.Round(value) : value).ToString(CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Every_family_shows_a_field_and_explains_itself_in_one_sentence()
    {
        Assert.Equal(51, Profile.Families.Length);
        Assert.Equal(51, Profile.Families.Select(family => family.Name).Distinct().Count());
        Assert.All(Profile.Families, family =>
        {
            Assert.InRange(NvidiaFields.Table[family.Field], 0, NvidiaFields.Table.Count - 1);
            Assert.EndsWith(".", family.Help);
        });
    }

    [Fact]
    public void Labels_come_in_the_order_of_dcgm_exporter()
    {
        Assert.Equal(
            [
                new("gpu", "3"), new("UUID", "GPU-a"), new("pci_bus_id", "00000000:9D:00.0"), new("device", "nvidia3"),
                new("modelName", "NVIDIA H100 80GB HBM3"), new("Hostname", "gpu-17"), new("DCGM_FI_DRIVER_VERSION", "570.124.06"),
            ],
            Profile.Labels(new LabelledDevice(Gpu, Inventory, "gpu-17", null)));
    }

    [Fact]
    public void A_partition_goes_by_its_gpu_with_its_profile_and_gpu_instance()
    {
        var partition = Gpu with { Id = "MIG-b", ParentId = Gpu.Id, Partition = new DevicePartition("1g.10gb", 7, 0) };

        var labels = Profile.Labels(new LabelledDevice(partition, Inventory, "gpu-17", null));

        Assert.Equal(
            [
                new("gpu", "3"), new("UUID", "GPU-a"), new("pci_bus_id", "00000000:9D:00.0"), new("device", "nvidia3"),
                new("modelName", "NVIDIA H100 80GB HBM3"), new("GPU_I_PROFILE", "1g.10gb"), new("GPU_I_ID", "7"), new("Hostname", "gpu-17"),
                new("DCGM_FI_DRIVER_VERSION", "570.124.06"),
            ],
            labels);
    }

    [Fact]
    public void What_is_not_known_has_no_label()
    {
        var labels = Profile.Labels(new LabelledDevice(Gpu with { NodeName = null, PciAddress = null }, Inventory with { DriverVersion = null }, "gpu-17", null));

        Assert.Equal(["gpu", "UUID", "modelName", "Hostname"], labels.Select(label => label.Key));
    }

    [Fact]
    public void A_domain_of_more_than_four_digits_is_kept()
    {
        var labels = Profile.Labels(new LabelledDevice(Gpu with { PciAddress = "10000:01:00.0" }, Inventory, "gpu-17", null));

        Assert.Contains(new("pci_bus_id", "00010000:01:00.0"), labels);
    }
}
