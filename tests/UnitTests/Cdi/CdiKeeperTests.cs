using System.Collections.Immutable;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Cdi;

public sealed class CdiKeeperTests : IDisposable
{
    private const string Own = "plugin.acme.com/gpu", Common = "acme.com/gpu";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-cdi-");
    private readonly InventoryBoard _inventory = new();
    private readonly CdiBoard _names = new();
    private readonly WorkerBoard _board = new();
    private readonly ManualTime _time = new();
    private readonly AcmeSource _source = new();
    private readonly FakeHolders _holders = new();

    private string OwnFile => Path.Combine(_folder.FullName, "run/cdi/plugin.acme.com-gpu.json");
    private string CommonFile => Path.Combine(_folder.FullName, "run/cdi/aiinfra-acme.com-gpu.json");

    [Fact]
    public void A_name_is_given_out_once_its_file_is_there_and_all_may_read_it()
    {
        Step(TestGpus.Switched(2));

        Assert.Equal("plugin.acme.com/gpu=" + TestGpus.Id(1), _names.Current.Value.Of(TestGpus.Switched(2)[1]).Name);
        Assert.Contains(TestGpus.Id(1), File.ReadAllText(OwnFile));
        Assert.Equal("-rw-r--r--", Mode(OwnFile));
        Assert.Equal(2, Directory.GetFileSystemEntries(Path.GetDirectoryName(OwnFile)!).Length); // no temporary one is left
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("emptied")]
    [InlineData("edited")]
    [InlineData("same length")]
    [InlineData("unreadable for others")]
    [InlineData("a link")]
    [InlineData("folder removed")]
    public void A_file_that_somebody_changes_is_as_it_was_after_the_next_look(string how)
    {
        Step(TestGpus.Switched(2));
        var right = File.ReadAllText(OwnFile);

        switch (how)
        {
            case "removed": File.Delete(OwnFile); break;
            case "emptied": File.WriteAllText(OwnFile, ""); break;
            case "edited": File.AppendAllText(OwnFile, "# mine\n"); break;
            case "same length": File.WriteAllText(OwnFile, right.Replace("acme0", "acme9")); break;
            case "unreadable for others": File.SetUnixFileMode(OwnFile, UnixFileMode.UserRead); break;
            case "a link": File.Delete(OwnFile); File.CreateSymbolicLink(OwnFile, "/dev/zero"); break;
            case "folder removed": Directory.Delete(Path.GetDirectoryName(OwnFile)!, recursive: true); break;
        }
        Step(TestGpus.Switched(2));

        Assert.Equal(right, File.ReadAllText(OwnFile));
        Assert.Equal("-rw-r--r--", Mode(OwnFile));
        Assert.Null(new FileInfo(OwnFile).LinkTarget);
    }

    [Fact]
    public async Task A_file_removed_by_hand_comes_back_by_itself()
    {
        using var ended = new CancellationTokenSource();
        _inventory.Publish(TestGpus.Inventory(TestGpus.Switched(2)));
        var running = Keeper(TimeProvider.System).RunAsync(ended.Token);
        await EventuallyAsync(() => File.Exists(OwnFile));

        File.Delete(OwnFile);

        await EventuallyAsync(() => File.Exists(OwnFile));
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Theory]
    [InlineData("run/cdi/nvidia.yaml")]
    [InlineData("etc/cdi/theirs.json")]
    public void The_common_kind_is_left_to_whoever_else_defines_it(string path)
    {
        Step(TestGpus.Switched(2));
        Assert.True(File.Exists(CommonFile));

        var theirs = Put(path, "cdiVersion: 0.5.0\nkind: acme.com/gpu\ndevices: [{ name: x, containerEdits: { env: [A=b] } }]\n");
        Step(TestGpus.Switched(2));
        Assert.False(File.Exists(CommonFile));
        Assert.True(File.Exists(OwnFile));
        Assert.NotNull(_names.Current.Value.Of(TestGpus.Switched(2)[0]).Name);

        File.Delete(theirs);
        Step(TestGpus.Switched(2));
        Assert.True(File.Exists(CommonFile));
    }

    [Fact]
    public void Files_that_are_no_specs_for_a_runtime_are_not_looked_at()
    {
        Put("etc/cdi/theirs.json.bak", "kind: acme.com/gpu\ndevices: []\n");
        Put("etc/cdi/below/theirs.json", "kind: acme.com/gpu\ndevices: []\n");

        Step(TestGpus.Switched(2));

        Assert.True(File.Exists(CommonFile));
    }

    [Fact]
    public void Another_file_with_our_own_devices_takes_the_names_away_and_says_which_file_it_is()
    {
        Put("run/cdi/old.json", $$$"""{"cdiVersion":"0.5.0","kind":"{{{Own}}}","devices":[{"name":"{{{TestGpus.Id(0)}}}","containerEdits":{"env":["A=b"]}}]}""");

        Step(TestGpus.Switched(2));

        var answer = _names.Current.Value.Of(TestGpus.Switched(2)[1]);
        Assert.Null(answer.Name);
        Assert.Contains("run/cdi/old.json", answer.Absence);
        Assert.False(File.Exists(OwnFile));
    }

    [Fact]
    public void A_file_of_the_plugin_that_was_replaced_is_taken_over()
    {
        Put("run/cdi/plugin.acme.com-gpu.json", $$$"""{"cdiVersion":"0.5.0","kind":"{{{Own}}}","devices":[{"name":"{{{TestGpus.Id(0)}}}","containerEdits":{"env":["OLD=1"]}}]}""");

        Step(TestGpus.Switched(2));

        Assert.DoesNotContain("OLD", File.ReadAllText(OwnFile));
        Assert.NotNull(_names.Current.Value.Of(TestGpus.Switched(2)[0]).Name);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void When_the_devices_are_gone_the_file_that_pods_may_need_goes_last(bool isHeld)
    {
        Step(TestGpus.Switched(2));
        _holders.IsHeld = isHeld;

        Step([]);

        Assert.Equal(isHeld, File.Exists(OwnFile));
        Assert.False(File.Exists(CommonFile));
        Assert.Null(_names.Current.Value.Of(TestGpus.Switched(2)[0]).Name);
    }

    [Fact]
    public void Where_nobody_can_tell_who_holds_a_device_the_file_stays()
    {
        Step(TestGpus.Switched(2));

        var other = new CdiKeeper(Options, [_source], _inventory, _names, _board, _time, NullLogger<CdiKeeper>.Instance);
        other.Step(new NodeInventory([TestGpus.Inventory([])]));

        Assert.True(File.Exists(OwnFile));
    }

    [Fact]
    public void Switched_off_it_removes_what_it_wrote_and_nothing_of_another_program()
    {
        Step(TestGpus.Switched(2));
        _holders.IsHeld = false;

        Keeper(_time, Options with { Enabled = false }).Step(new NodeInventory([TestGpus.Inventory(TestGpus.Switched(2))]));
        Assert.False(File.Exists(OwnFile));
        Assert.Equal("cdi.enabled is false", _names.Current.Value.Of(TestGpus.Switched(2)[0]).Absence);

        File.WriteAllText(OwnFile, "the plugin's");
        Keeper(_time, Options with { Enabled = false }).Step(new NodeInventory([TestGpus.Inventory(TestGpus.Switched(2))]));
        Assert.Equal("the plugin's", File.ReadAllText(OwnFile));
    }

    [Fact]
    public void Where_another_program_answers_the_kubelet_its_kind_is_left_alone()
    {
        Keeper(_time, Options with { AnswersKubelet = false }).Step(new NodeInventory([TestGpus.Inventory(TestGpus.Switched(2))]));

        Assert.False(File.Exists(OwnFile));
        Assert.True(File.Exists(CommonFile));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_said_and_survived()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "run"), "in the way");

        Step(TestGpus.Switched(2));
        Assert.Contains("run/cdi", _names.Current.Value.Of(TestGpus.Switched(2)[0]).Absence);
        Assert.False(_board.Parts[CdiKeeper.Part].IsReady);

        File.Delete(Path.Combine(_folder.FullName, "run"));
        Step(TestGpus.Switched(2));
        Assert.NotNull(_names.Current.Value.Of(TestGpus.Switched(2)[0]).Name);
        Assert.True(_board.Parts[CdiKeeper.Part].IsReady);
    }

    [Fact]
    public void The_vendor_is_asked_once_for_a_driver_and_a_set_of_devices()
    {
        Step(TestGpus.Switched(2));
        _time.Advance(TimeSpan.FromMinutes(1));
        Step(TestGpus.Switched(2));
        Assert.Equal(1, _source.Asked);

        Step(TestGpus.Switched(4));
        Assert.Equal(2, _source.Asked);

        _time.Advance(TimeSpan.FromMinutes(10));
        Step(TestGpus.Switched(4));
        Assert.Equal(3, _source.Asked);
    }

    [Fact]
    public void A_new_start_writes_all_devices_again_before_the_driver_has_answered()
    {
        Step(TestGpus.Switched(2));
        Directory.Delete(Path.Combine(_folder.FullName, "run"), recursive: true); // a boot: the folder is a tmpfs

        var stored = TestGpus.Inventory(TestGpus.Switched(2)) with { State = VendorState.Starting };
        Keeper(_time).Step(new NodeInventory([stored]));

        Assert.True(File.Exists(OwnFile));
    }

    private CdiOptions Options => new() { Folder = Path.Combine(_folder.FullName, "run/cdi"), OtherFolders = [Path.Combine(_folder.FullName, "etc/cdi")] };

    private CdiKeeper? _keeper;

    private void Step(ImmutableArray<Device> devices) =>
        (_keeper ??= Keeper(_time)).Step(new NodeInventory([TestGpus.Inventory(devices)]));

    private CdiKeeper Keeper(TimeProvider time, CdiOptions? options = null) =>
        new(options ?? Options, [_source], _inventory, _names, _board, time, NullLogger<CdiKeeper>.Instance, _holders);

    private string Put(string path, string text)
    {
        var here = Path.Combine(_folder.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(here)!);
        File.WriteAllText(here, text);
        return here;
    }

    private static string Mode(string path) => File.GetUnixFileMode(path) switch
    {
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead => "-rw-r--r--",
        var other => other.ToString(),
    };

    private static async Task EventuallyAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!holds())
            await Task.Delay(20, patience.Token);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private sealed class FakeHolders : ICdiHolders
    {
        public bool IsHeld { get; set; } = true;
        public bool MayHold(string vendor) => IsHeld;
    }

    private sealed class AcmeSource : ICdiSource
    {
        public string Vendor => TestGpus.Vendor;
        public ImmutableArray<string> Kinds => [Own, Common];
        public int Asked { get; private set; }

        public CdiOffer Describe(VendorInventory inventory)
        {
            Asked++;
            if (inventory.Devices.IsEmpty)
                return CdiOffer.Nothing("there is no board");
            ImmutableArray<CdiDevice> devices =
                [.. inventory.Devices.Select(device => new CdiDevice(device.Id, new CdiEdits { DeviceNodes = [new CdiDeviceNode($"/dev/{device.DeviceNodes[0]}")] }))];
            return new CdiOffer(
                [new CdiKind(new CdiSpec { Kind = Own, Devices = devices }, true), new CdiKind(new CdiSpec { Kind = Common, Devices = devices }, false)],
                inventory.Devices.ToImmutableDictionary(device => device.Id, device => CdiName.Qualified(Own, device.Id)), ImmutableDictionary<string, string>.Empty, null);
        }
    }
}
