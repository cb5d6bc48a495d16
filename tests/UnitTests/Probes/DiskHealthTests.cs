using AIInfra.Core.Health.Probes.Host;

namespace AIInfra.UnitTests.Probes;

/// <summary>Outputs shortened to what counts; the forms are those of smartmontools 7 and nvme-cli 1.16 and 2.</summary>
public sealed class DiskHealthTests
{
    [Fact]
    public void Reads_an_ata_disk()
    {
        var health = DiskHealth.OfSmartctl("""
            {"json_format_version":[1,0],"smartctl":{"exit_status":8},"device":{"name":"/dev/sda"},"smart_status":{"passed":false},
             "ata_smart_attributes":{"revision":16,"table":[{"id":5,"name":"Reallocated_Sector_Ct","raw":{"value":7,"string":"7"}},
             {"id":197,"name":"Current_Pending_Sector","raw":{"value":112,"string":"112"}},{"id":198,"name":"Offline_Uncorrectable","raw":{"value":4294967301,"string":"5 (1)"}}]}}
            """);

        Assert.Equal(new DiskHealth(false, 112, null, null, null, null, null), health);
    }

    [Fact]
    public void Reads_an_nvme_disk_of_smartctl() => Assert.Equal(
        new DiskHealth(true, null, 0, 100, 10, 3, 2),
        DiskHealth.OfSmartctl("""{"smart_status":{"passed":true,"nvme":{"value":0}},"nvme_smart_health_information_log":{"critical_warning":0,"temperature":41,"available_spare":100,"available_spare_threshold":10,"percentage_used":3,"media_errors":2}}"""));

    [Theory]
    [InlineData("""{"critical_warning":4,"temperature":311,"avail_spare":9,"spare_thresh":10,"percent_used":101,"media_errors":5}""")]
    [InlineData("""{"critical_warning":{"value":4,"available_spare":0},"avail_spare":9,"spare_thresh":10,"percent_used":101,"media_errors":"5"}""")]
    public void Reads_an_nvme_disk_of_nvme(string json) => Assert.Equal(new DiskHealth(null, null, 4, 9, 10, 101, 5), DiskHealth.OfNvme(json));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{")]
    [InlineData("smartctl: command not found")]
    [InlineData("""{"smartctl":{"exit_status":2,"messages":[{"string":"Smartctl open device: /dev/sda failed: Permission denied"}]}}""")]
    [InlineData("""{"smart_status":3,"ata_smart_attributes":{"table":[1,{"id":"x"},null]}}""")]
    public void What_says_nothing_of_health_is_no_reading(string json)
    {
        Assert.Null(DiskHealth.OfSmartctl(json));
        Assert.Null(DiskHealth.OfNvme(json));
    }
}
