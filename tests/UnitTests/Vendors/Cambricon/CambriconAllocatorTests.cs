using System.Collections.Frozen;
using AIInfra.Core.Cdi;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sharing;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.UnitTests.Vendors.Cambricon;

public sealed class CambriconAllocatorTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-mlu-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_container_gets_the_nodes_of_its_boards_and_those_of_all_as_far_as_they_are_there()
    {
        Put("cambricon_ctl", "cambricon_dev0", "cambricon_dev1", "cambricon_ipcm1", "cambricon_ipcm0", "cambr-msgq:1", "commu1", "ttyMS1");

        Assert.Equal("cambricon_dev1 cambricon_ipcm1 cambr-msgq:1 commu1 cambricon_ctl", Nodes(new CambriconOptions(), CambriconNode.Board(1)));
        Assert.Equal("cambricon_dev1 cambricon_ipcm1 cambr-msgq:1 commu1 ttyMS1 cambricon_dev0 cambricon_ipcm0 cambricon_ctl",
            Nodes(new CambriconOptions { HasConsole = true }, CambriconNode.Board(1), CambriconNode.Board(0)));
    }

    [Fact]
    public void An_instance_comes_with_its_board_and_its_capability()
    {
        Put("cambricon_ctl", "cambricon_dev0", "cambricon_ipcm0");
        var board = CambriconNode.Board(0, division: CambriconTraits.Mim);

        Assert.Equal("cambricon_dev0 cambricon-caps/cap_dev0_mi1 cambricon_ipcm0 cambricon-caps/cap_dev0_mi2 cambricon_ctl",
            Nodes(new CambriconOptions(), CambriconNode.Instance(board, 1, "2m.8gb"), CambriconNode.Instance(board, 2, "2m.8gb")));
    }

    [Fact]
    public void Mounts_are_those_that_are_asked_for()
    {
        var spec = Give(new CambriconOptions { MountsRpmsg = true, ToolPath = "/usr/bin/cnmon" }, CambriconNode.Board(0));

        Assert.Equal([new AllocatedMount("/dev/cambricon/", "/dev/cambricon/", false), new AllocatedMount("/usr/bin/cnmon", "/usr/bin/cnmon", true)], spec.Mounts);
        Assert.All(spec.DeviceNodes, node => Assert.Equal("rw", node.Permissions));
    }

    [Fact]
    public void The_vendors_runtime_is_told_numbers_and_of_instances_their_nodes()
    {
        var options = new CambriconOptions { Injection = CambriconInjection.Runtime };
        var board = CambriconNode.Board(3, division: CambriconTraits.Mim);

        Assert.Equal("CAMBRICON_VISIBLE_DEVICES=1,0", Environment(Give(options, CambriconNode.Board(1), CambriconNode.Board(0))));
        Assert.Equal("VIRTUAL_DEVICES=/dev/cambricon_dev3,/dev/cambricon-caps/cap_dev3_mi1,/dev/cambricon_ipcm3", Environment(Give(options, CambriconNode.Instance(board, 1, "2m.8gb"))));
        Assert.Empty(Give(options, CambriconNode.Board(1)).DeviceNodes);
    }

    [Fact]
    public void By_CDI_a_container_gets_names_or_is_refused_with_the_reason()
    {
        var options = new CambriconOptions { Injection = CambriconInjection.Cdi };
        var board = CambriconNode.Board(0);
        var names = new CdiNames(new Dictionary<string, string> { [board.Id] = "k8s.device-plugin.cambricon.com/mlu=" + board.Id }.ToFrozenDictionary(), FrozenDictionary<string, string>.Empty, FrozenDictionary<string, string>.Empty);

        Assert.Equal(["k8s.device-plugin.cambricon.com/mlu=" + board.Id], Allocator(options, _folder.FullName, names).Allocate(Resource(board), Resource(board).Units).CdiDevices);
        Assert.Contains("no CDI spec file", Assert.Throws<AllocationRefusedException>(() => Give(options, board)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MluLinkPolicy.BestEffort, 4, 0, null)]
    [InlineData(MluLinkPolicy.Guaranteed, 4, 1, null)]
    [InlineData(MluLinkPolicy.Guaranteed, 4, 0, "the 4 MLUs form 0 MLU-Link rings and vendors.cambricon.mlulinkPolicy guaranteed asks for 1; free more MLUs of one group, or set the policy to best-effort")]
    [InlineData(MluLinkPolicy.Restricted, 4, 1, "the 4 MLUs form 2 MLU-Link rings and vendors.cambricon.mlulinkPolicy restricted asks for 4; free more MLUs of one group, or set the policy to best-effort")]
    [InlineData(MluLinkPolicy.Restricted, 4, 2, null)]
    [InlineData(MluLinkPolicy.Restricted, 2, 1, "the 2 MLUs form 1 MLU-Link ring and vendors.cambricon.mlulinkPolicy restricted asks for 2; free more MLUs of one group, or set the policy to best-effort")]
    [InlineData(MluLinkPolicy.Restricted, 2, 2, null)]
    [InlineData(MluLinkPolicy.Restricted, 8, 1, null)]
    [InlineData(MluLinkPolicy.Restricted, 1, 0, null)]
    public void A_policy_refuses_boards_that_form_too_few_rings(MluLinkPolicy policy, int count, int links, string? refusal)
    {
        var boards = count == 1 ? [CambriconNode.Board(0)] : CambriconNode.Ring(count, links);

        Assert.Equal(refusal, Record.Exception(() => Give(new CambriconOptions { LinkPolicy = policy }, boards))?.Message);
    }

    [Fact]
    public void Specs_name_boards_as_the_plugin_does_and_instances_by_their_id()
    {
        Put("cambricon_ctl", "cambricon_dev0", "cambricon_dev1", "cambricon_ipcm0");
        var divided = CambriconNode.Board(1, division: CambriconTraits.Mim);
        var instance = CambriconNode.Instance(divided, 1, "2m.8gb");
        var options = new CambriconOptions { ToolPath = "/usr/bin/cnmon" };

        var offer = new CambriconCdiSource(Files(options, _folder.FullName), options).Describe(CambriconNode.Of(CambriconNode.Board(0), divided, instance));

        Assert.Null(offer.Absence);
        Assert.Equal(["k8s.device-plugin.cambricon.com/mlu", "cambricon.com/mlu"], offer.Specs.Select(kind => kind.Spec.Kind));
        Assert.Equal([CambriconNode.Id(0), "mlu-0", CambriconNode.Id(1), "mlu-1", instance.Id], offer.Specs[0].Spec.Devices.Select(device => device.Name));
        Assert.Equal(["/dev/cambricon_dev0", "/dev/cambricon_ipcm0"], offer.Specs[1].Spec.Devices[1].ContainerEdits.DeviceNodes.Select(node => node.Path));
        Assert.Equal("/dev/cambricon_ctl", offer.Specs[0].Spec.ContainerEdits!.DeviceNodes.Single().Path);
        Assert.Equal($"k8s.device-plugin.cambricon.com/mlu={instance.Id}", offer.Names[instance.Id]);
    }

    internal static CambriconAllocator Allocator(CambriconOptions options, string root = "/nowhere", CdiNames? names = null) => new(options, Files(options, root), () => names ?? CdiNames.None);

    private static CambriconNodes Files(CambriconOptions options, string root) => new(new HostPaths { Root = root }, options);

    private AllocationSpec Give(CambriconOptions options, params Device[] devices) => Allocator(options, _folder.FullName).Allocate(Resource(devices), Resource(devices).Units);

    private static OfferedResource Resource(params Device[] devices) => new() { Name = "cambricon.com/mlu", Units = [.. devices.Select(device => new OfferedUnit { Id = device.Id, Devices = [device] })] };

    private string Nodes(CambriconOptions options, params Device[] devices) => string.Join(' ', Give(options, devices).DeviceNodes.Select(node => node.HostPath["/dev/".Length..]));

    private static string Environment(AllocationSpec spec) => string.Join(' ', spec.Environment.Select(entry => $"{entry.Key}={entry.Value}"));

    private void Put(params string[] nodes)
    {
        foreach (var node in nodes)
        {
            Directory.CreateDirectory(Path.Combine(_folder.FullName, "dev"));
            File.WriteAllText(Path.Combine(_folder.FullName, "dev", node), "");
        }
    }
}
