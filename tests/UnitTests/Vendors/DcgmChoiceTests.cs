using AIInfra.Core.Devices;
using AIInfra.Core.Metrics;
using AIInfra.Vendors.Nvidia.Metrics;

namespace AIInfra.UnitTests.Vendors;

public sealed class DcgmChoiceTests
{
    private const string Path = "/etc/dcgm-exporter/counters.csv";

    /// <summary>The form of dcgm-exporter's own files, with what users add to them.</summary>
    private const string File = """
        # Format
        # If line starts with a '#' it is considered a comment
        # DCGM FIELD, Prometheus metric type, help message

        DCGM_FI_DEV_GPU_TEMP,    gauge, Warm (in C).
        DCGM_FI_DEV_DEC_UTIL ,     gauge, Decoder utilization (in %).
        # DCGM_FI_DEV_POWER_USAGE, gauge, switched off
        DCGM_FI_DEV_FB_USED_BYTES, gauge, "Used, in bytes."
        DCGM_FI_DEV_CLOCK_THROTTLE_REASONS, gauge,
        DCGM_FI_PROF_PIPE_TENSOR_ACTIVE, gauge, Tensor.
        DCGM_FI_DEV_SOMETHING_NEWER, counter, Not known.
        DCGM_EXP_XID_ERRORS_COUNT, gauge, Xids.
        DCGM_FI_DRIVER_VERSION, label, Driver.
        DCGM_FI_DEV_SERIAL, label, Serial.
        DCGM_FI_DEV_BOARD_COLOUR, label, Not known.
        DCGM_FI_DEV_PCIE_TX_THROUGHPUT, counter, Old files have it.

        """;

    private static readonly Device Gpu = new()
    {
        Id = "GPU-a",
        Vendor = "nvidia",
        Model = "H100",
        ResourceName = "nvidia.com/gpu",
        Serial = "165",
    };

    [Fact]
    public void The_rows_of_a_file_are_shown_as_it_writes_them_and_what_is_not_known_is_named()
    {
        var (choice, errors) = DcgmChoice.Read(Path, File);
        var profile = NvidiaDcgmProfile.Legacy(choice, NvidiaProfilesRows());

        Assert.Empty(errors);
        Assert.Equal(
            ["DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_DEC_UTIL", "DCGM_FI_DEV_FB_USED_BYTES", "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "DCGM_FI_DEV_PCIE_TX_THROUGHPUT"],
            profile.Families.Select(family => family.Name));
        Assert.Equal(["Warm (in C).", "Decoder utilization (in %).", "Used, in bytes."], profile.Families.Take(3).Select(family => family.Help));
        Assert.Equal([1, 100, 1], profile.Families.Take(3).Select(family => family.Scale));
        Assert.Equal(MetricType.Counter, profile.Families[^1].Type);
        Assert.Equal(["DCGM_EXP_XID_ERRORS_COUNT"], profile.Rows.Select(rows => rows.Head.Name));
        Assert.Equal(
            [
                $"{Path}:11: DCGM_FI_DEV_SOMETHING_NEWER is not known here and is left out.",
                $"{Path}:15: DCGM_FI_DEV_BOARD_COLOUR is not known as a label and is left out.",
                $"{Path}:16: DCGM_FI_DEV_PCIE_TX_THROUGHPUT is costly to read: it is shown only with vendors.nvidia.pcieThroughput: true.",
            ],
            choice.Notes);
    }

    [Fact]
    public void Label_rows_are_the_only_labels_of_their_kind()
    {
        var inventory = new VendorInventory { Vendor = "nvidia", State = VendorState.Ready, DriverVersion = "570" };
        var (choice, _) = DcgmChoice.Read(Path, File);

        var labels = NvidiaDcgmProfile.Legacy(choice, []).Labels(new LabelledDevice(Gpu, inventory, "gpu-17", null));
        var none = NvidiaDcgmProfile.Legacy(new DcgmChoice(), []).Labels(new LabelledDevice(Gpu, inventory, "gpu-17", null));

        Assert.Equal([new("Hostname", "gpu-17"), new("DCGM_FI_DEV_SERIAL", "165"), new("DCGM_FI_DRIVER_VERSION", "570")], labels[^3..]);
        Assert.DoesNotContain(none, label => label.Key.StartsWith("DCGM", StringComparison.Ordinal));
    }

    [Fact]
    public void The_newer_profile_shows_the_same_fields_under_the_newer_names()
    {
        var (choice, _) = DcgmChoice.Read(Path, File);

        var profile = NvidiaDcgmProfile.Current(choice, []);

        Assert.Equal(
            ["DCGM_FI_DEV_GPU_TEMP_CELSIUS", "DCGM_FI_DEV_DEC_UTIL_RATIO", "DCGM_FI_DEV_FB_USED_BYTES", "DCGM_FI_DEV_CLOCKS_EVENT_REASONS", "DCGM_FI_PROF_TENSOR_UTIL_RATIO", "DCGM_FI_DEV_PCIE_TX_THROUGHPUT"],
            profile.Families.Select(family => family.Name));
        Assert.Equal(1, profile.Families[1].Scale);
    }

    [Theory]
    [InlineData("DCGM_FI_DEV_GPU_TEMP, gauge", "/etc/dcgm-exporter/counters.csv:1:1: a row has three columns, field, type and help; this one has 2. Write a help text with a comma in quotes.")]
    [InlineData("\nDCGM_FI_DEV_GPU_TEMP, gauge, a, b", "/etc/dcgm-exporter/counters.csv:2:1: a row has three columns, field, type and help; this one has 4. Write a help text with a comma in quotes.")]
    [InlineData("DCGM_FI_DEV_GPU_TEMP, guage, a", "/etc/dcgm-exporter/counters.csv:1:1: DCGM_FI_DEV_GPU_TEMP: \"guage\" is no type; there are gauge, counter, histogram, summary, label.")]
    public void A_line_that_is_no_row_is_an_error_with_its_place(string text, string message) =>
        Assert.Equal(message, Assert.Single(DcgmChoice.Read(Path, text).Errors).ToString());

    [Theory]
    [InlineData("DCGM_FI_DEV_GPU_TEMP,gauge,\"a \"\"b\"\", c\"", "a \"b\", c")]
    [InlineData("DCGM_FI_DEV_GPU_TEMP,gauge,\"never closed", "never closed")]
    [InlineData("\uFEFFDCGM_FI_DEV_GPU_TEMP,gauge,a\r", "a")]
    public void Cells_may_be_quoted(string text, string help) => Assert.Equal(help, DcgmChoice.Read(Path, text).Choice.AsListed.Single().Help);

    [Fact]
    public void A_field_of_two_generations_and_one_that_stands_twice_is_shown_once_a_name()
    {
        var (choice, errors) = DcgmChoice.Read(Path, "DCGM_FI_DEV_GPU_TEMP,gauge,a\nDCGM_FI_DEV_GPU_TEMP,gauge,b\nDCGM_FI_DEV_GPU_TEMP_CELSIUS,gauge,c\n");

        Assert.Empty(errors);
        Assert.Equal(["DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_TEMP_CELSIUS"], choice.AsListed.Select(family => family.Name));
        Assert.Equal(["DCGM_FI_DEV_GPU_TEMP_CELSIUS"], choice.AsCurrent.Select(family => family.Name));
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.StartsWith("/nowhere.csv: metrics.dcgmCsv: the file cannot be read", Assert.Single(DcgmChoice.Load("/nowhere.csv").Errors).ToString(), StringComparison.Ordinal);

    private static System.Collections.Immutable.ImmutableArray<DeviceRows> NvidiaProfilesRows() =>
        [new XidCountRows(new NvidiaCounts(TimeSpan.FromMinutes(5), TimeProvider.System)), new DcgmHealthRows()];
}
