using AIInfra.Core.Hosting;

namespace AIInfra.UnitTests.Hosting;

public sealed class HostPathsTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("aiinfra-host-");

    public void Dispose() => _root.Delete(recursive: true);

    private void Write(string path, string text)
    {
        var file = Path.Combine(_root.FullName, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    [Fact]
    public void Folders_follow_the_root_unless_they_are_set_themselves()
    {
        Assert.Equal(("/sys", "/proc", "/dev", "/run"), (new HostPaths().Sys, new HostPaths().Proc, new HostPaths().Dev, new HostPaths().Run));

        var host = new HostPaths { Root = "/proc/1/root", Dev = "/dev" };
        Assert.Equal(("/proc/1/root/sys", "/dev"), (host.Sys, host.Dev));
    }

    [Fact]
    public void The_boot_id_is_read_without_its_line_feed_and_is_empty_where_there_is_none()
    {
        var host = new HostPaths { Root = _root.FullName };
        Assert.Equal("", host.ReadBootId());

        Write("proc/sys/kernel/random/boot_id", "8e0a8b46-1c1f-4b0e-9a3a-6a8b1f0f3f2d\n");
        Assert.Equal("8e0a8b46-1c1f-4b0e-9a3a-6a8b1f0f3f2d", host.ReadBootId());
    }

    [Theory]
    [InlineData("1\n", 1)]
    [InlineData("0\n", 0)]
    [InlineData("-1\n", null)] // a single-node host
    [InlineData("", null)]
    [InlineData("many\n", null)]
    public void A_numa_node_is_known_only_when_the_kernel_knows_it(string text, int? expected)
    {
        Write("sys/bus/pci/devices/0000:3b:00.0/numa_node", text);
        var host = new HostPaths { Root = _root.FullName };

        Assert.Equal(expected, host.ReadNumaNode("0000:3b:00.0"));
        Assert.Null(host.ReadNumaNode("0000:3c:00.0"));
    }
}
