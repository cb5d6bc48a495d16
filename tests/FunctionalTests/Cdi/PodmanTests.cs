using System.Diagnostics;
using System.Text.Json;
using AIInfra.Core.Cdi;
using AIInfra.Testing;
using AIInfra.Vendors.Nvidia.Cdi;

namespace AIInfra.FunctionalTests.Cdi;

/// <summary>Specs in the hands of an independent reader: Debian's podman resolves the names and hands a configuration to its runtime.</summary>
/// <remarks>It reads versions up to 0.5.0, as older containerd and CRI-O do.</remarks>
public sealed class PodmanTests : IDisposable
{
    private const string Board = "GPU-00000000-0000-0000-0000-000000000000", Partition = "MIG-00000000-0000-0000-0000-000000000007";

    private readonly DriverHost _host = new();
    private readonly DirectoryInfo _specs = Directory.CreateTempSubdirectory("aiinfra-specs-");

    [Fact]
    public async Task A_container_gets_what_the_spec_says_and_each_common_thing_once()
    {
        var spec = Write(0);

        using var config = JsonDocument.Parse(await ResolveAsync(Name(Board), Name(Partition)));

        var root = config.RootElement;
        Assert.Equal(
            ["/dev/dri/card1", "/dev/dri/renderD128", "/dev/nvidia-caps/nvidia-cap30", "/dev/nvidia-caps/nvidia-cap31", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidiactl"],
            Texts(root.GetProperty("linux").GetProperty("devices"), "path").Order(StringComparer.Ordinal));
        Assert.Superset(spec.ContainerEdits!.Mounts.Select(mount => mount.ContainerPath).ToHashSet(), Texts(root.GetProperty("mounts"), "destination").ToHashSet());
        Assert.Equal(spec.ContainerEdits.Mounts.Length, Texts(root.GetProperty("mounts"), "source").Count(source => spec.ContainerEdits.Mounts.Any(mount => mount.HostPath == source)));
        Assert.Superset(spec.ContainerEdits.Env.ToHashSet(), root.GetProperty("process").GetProperty("env").EnumerateArray().Select(value => value.GetString()!).ToHashSet());
        var hooks = root.GetProperty("hooks").GetProperty("createContainer").EnumerateArray().Select(hook => hook.GetProperty("args")[1].GetString()!);
        Assert.Equal(
            ["create-symlinks", "create-symlinks", "disable-device-node-modification", "enable-cuda-compat", "update-ldcache"], hooks.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_device_of_both_kinds_is_resolved_by_its_name()
    {
        var spec = Write(0);
        Write(1);

        foreach (var device in spec.Devices)
        {
            Assert.Contains("/dev/nvidia", await ResolveAsync(CdiName.Qualified(NvidiaCdiSource.OwnKind, device.Name)));
            Assert.Contains("/dev/nvidia", await ResolveAsync(CdiName.Qualified(NvidiaCdiSource.CommonKind, device.Name)));
        }
    }

    [Fact]
    public async Task Of_two_files_with_the_same_device_the_reader_takes_neither()
    {
        Write(0);
        File.Copy(Path.Combine(_specs.FullName, "0.json"), Path.Combine(_specs.FullName, "copy.json"));

        Assert.Contains("unresolvable", await RefusalAsync(Name(Board)));
    }

    [Fact]
    public async Task A_version_that_the_reader_does_not_know_costs_the_whole_file()
    {
        Write(0);
        var path = Path.Combine(_specs.FullName, "0.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"0.5.0\"", "\"1.1.0\""));

        Assert.Contains("unresolvable", await RefusalAsync(Name(Board)));
    }

    private CdiSpec Write(int kind)
    {
        var spec = new NvidiaCdiSource(_host.Paths, new NvidiaCdiOptions()).Describe(DriverHost.Inventory).Specs[kind].Spec;
        File.WriteAllBytes(Path.Combine(_specs.FullName, $"{kind}.json"), spec.ToJson());
        return spec;
    }

    private static string Name(string device) => CdiName.Qualified(NvidiaCdiSource.OwnKind, device);

    private static IEnumerable<string> Texts(JsonElement list, string key) => list.EnumerateArray().Select(entry => entry.GetProperty(key).GetString()!);

    private async Task<string> ResolveAsync(params string[] names)
    {
        var (status, output, errors) = await RunAsync(names);
        Assert.True(status == 0, errors);
        return output;
    }

    private async Task<string> RefusalAsync(params string[] names)
    {
        var (status, _, errors) = await RunAsync(names);
        Assert.NotEqual(0, status);
        return errors;
    }

    private async Task<(int Status, string Output, string Errors)> RunAsync(string[] names)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Needs root, for a /run and a /dev of its own.");
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, "podman"))), "Needs podman on the PATH: build/tools.sh.");
        using var process = Process.Start(new ProcessStartInfo(RepositoryRoot.Combine("tests", "peers", "podman", "resolve.sh"), [_specs.FullName, .. names])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.SkipWhen((await errors).Contains("unshare failed"), "Needs mount namespaces, which are refused here.");
        return (process.ExitCode, await output, await errors);
    }

    public void Dispose()
    {
        _host.Dispose();
        _specs.Delete(recursive: true);
    }
}
