using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Labels;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Labels;

public sealed class LabelBoardTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-nfd-");
    private readonly InventoryBoard _inventory = new();
    private readonly WorkerBoard _parts = new();
    private readonly ManualTime _time = new();
    private readonly RecordedLog<LabelBoard> _log = new();

    private string NfdFile => Path.Combine(_folder.FullName, "features.d", "aiinfra");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Labels_follow_the_inventory_and_the_file_follows_the_labels()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(NfdFile)!);
        var board = New(NfdFile);
        board.Refresh();
        Assert.False(File.Exists(NfdFile)); // nothing to say, and nothing to take back

        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        board.Refresh();
        Assert.Equal($"acme.com/gpu.count=2\nacme.com/made={_time.GetUtcNow().ToUnixTimeSeconds()}\n", File.ReadAllText(NfdFile));
        Assert.Equal("2", board.Current.Value["acme.com/gpu.count"]);
        Assert.Equal(["aiinfra"], Directory.GetFiles(Path.GetDirectoryName(NfdFile)!).Select(Path.GetFileName));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(NfdFile));

        _inventory.Publish(TestGpus.Inventory([]));
        board.Refresh();
        Assert.Equal("", File.ReadAllText(NfdFile)); // hardware that is gone leaves no label
        Assert.Empty(board.Current.Value);
    }

    [Fact]
    public void Without_a_change_nothing_is_written_and_a_file_that_was_removed_is_put_back()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(NfdFile)!);
        var board = New(NfdFile);
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        board.Refresh();
        var first = File.ReadAllText(NfdFile);
        File.SetLastWriteTimeUtc(NfdFile, DateTime.UnixEpoch);

        _time.Advance(TimeSpan.FromMinutes(5));
        board.Refresh();
        Assert.Equal(DateTime.UnixEpoch, File.GetLastWriteTimeUtc(NfdFile));

        File.Delete(NfdFile);
        board.Refresh();
        Assert.Equal(first, File.ReadAllText(NfdFile));
    }

    [Fact]
    public void Stale_labels_of_an_earlier_run_are_taken_back()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(NfdFile)!);
        File.WriteAllText(NfdFile, "acme.com/gpu.count=8\n");

        New(NfdFile).Refresh();

        Assert.Equal("", File.ReadAllText(NfdFile));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_said_once_and_shown_until_it_can()
    {
        var board = New(NfdFile);
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));

        board.Refresh();
        board.Refresh();

        Assert.Contains("Make its folder, or correct labels.file.", _parts.Parts["labels"].Detail, StringComparison.Ordinal);
        Assert.Single(_log.Lines);
        Directory.CreateDirectory(Path.GetDirectoryName(NfdFile)!);
        board.Refresh();
        Assert.True(_parts.Parts["labels"].IsReady);
    }

    [Theory]
    [InlineData("NVIDIA H100 80GB HBM3", "NVIDIA-H100-80GB-HBM3")]
    [InlineData("  a/b (c)  ", "ab-c")]
    [InlineData("-._x_.-", "x")]
    [InlineData("\u65e5\u672c", "")]
    public void Any_text_becomes_a_value_that_Kubernetes_takes(string text, string value) => Assert.Equal(value, LabelValue.Of(text));

    private LabelBoard New(string file) => new(new LabelOptions { File = file }, _inventory, [new CountLabels()], _parts, _time, _log);

    private sealed class CountLabels : IFeatureLabels
    {
        public string Vendor => TestGpus.Vendor;
        public string? TimestampName => "acme.com/made";

        public ImmutableSortedDictionary<string, string> Make(VendorInventory inventory) => inventory.Devices.IsEmpty
            ? ImmutableSortedDictionary<string, string>.Empty
            : ImmutableSortedDictionary<string, string>.Empty.Add("acme.com/gpu.count", $"{inventory.Devices.Length}");
    }
}
