using System.Diagnostics;
using System.Text.Json;
using AIInfra.EndToEndTests.Installed;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests;

/// <summary>The packages of <c>make package</c>, by the programs that install them.</summary>
[Collection(BootedSystem.Collection)]
public sealed class PackageTests(BootedSystem system) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("packages-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly string Packages = RepositoryRoot.Combine("out", "package");
    private static readonly string Tools = RepositoryRoot.Combine("out", "tools", "debian");

    private BootedMachine Machine => system.Machine;

    private static string Package(string pattern)
    {
        Assert.SkipUnless(Directory.Exists(Packages), "There are no packages: run make package.");
        return Directory.GetFiles(Packages, pattern).Single();
    }

    private async Task<string> ShowAsync(string property) => (await Machine.RunAsync("systemctl", "show", "--value", "-p", property, "aiinfra-agent")).Trim();

    [Fact]
    public async Task The_deb_is_installed_upgraded_removed_and_leaves_nothing()
    {
        var package = InstalledFiles.Package("aiinfra-agent");
        await InstalledFiles.ClearAsync(Machine);
        var before = await InstalledFiles.TraceAsync(Machine);

        var started = Stopwatch.GetTimestamp();
        await Machine.RunAsync("dpkg", "--install", package);
        await Eventually.AsyncTrue(async () => (await Machine.TryRunAsync("bash", "-c",
            "exec 3<>/dev/tcp/127.0.0.1/9400 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 && grep -m 1 '^aiinfra_agent_' <&3")).Status == 0, () => Machine.JournalOfAsync("aiinfra-agent").GetAwaiter().GetResult());
        TestContext.Current.TestOutputHelper?.WriteLine($"From install to metrics: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s.");
        Assert.Equal("enabled", (await Machine.RunAsync("systemctl", "is-enabled", "aiinfra-agent")).Trim());
        Assert.Equal("600 root:root", (await Machine.RunAsync("stat", "-c", "%a %U:%G", "/etc/aiinfra/agent.yaml")).Trim());
        var (status, output) = await Machine.TryRunAsync("aiinfra-agent", "status");
        Assert.True(status == 0, output);

        await Machine.RunAsync("sh", "-c", "echo 'node: { name: kept }' >>/etc/aiinfra/agent.yaml");
        var first = await ShowAsync("MainPID");
        await Machine.RunAsync("dpkg", "--install", package);
        Assert.Equal("active", await ShowAsync("ActiveState"));
        Assert.NotEqual(first, await ShowAsync("MainPID"));
        Assert.Contains("kept", await Machine.RunAsync("cat", "/etc/aiinfra/agent.yaml"), StringComparison.Ordinal);

        await Machine.RunAsync("dpkg", "--remove", "aiinfra-agent");
        Assert.Equal((1, ""), await Machine.TryRunAsync("pgrep", "-f", "aiinfra-agent run"));
        await Machine.RunAsync("test", "-d", "/var/lib/aiinfra");
        await Machine.RunAsync("dpkg", "--purge", "aiinfra-agent");

        Assert.Equal([], (await InstalledFiles.TraceAsync(Machine)).Except(before));
    }

    [Fact]
    public async Task The_rpm_holds_the_very_files_of_the_deb()
    {
        foreach (var name in new[] { "aiinfra-agent", "aiinfra-aggregator", "aiinfra-simulators" })
        {
            var deb = Package($"{name}_*.deb");
            var rpm = Package($"{name}-*.rpm");
            var (one, other) = (Path.Combine(_folder, name, "deb"), Path.Combine(_folder, name, "rpm"));

            await RunAsync("dpkg-deb", ["-x", deb, Directory.CreateDirectory(one).FullName]);
            await RunAsync("bash", ["-c", $"rpm2archive - <{rpm} | tar -xz -C {Directory.CreateDirectory(other).FullName}"]);

            await RunAsync("diff", ["--recursive", "--no-dereference", one, other]);
            Assert.Contains("/usr/lib/aiinfra", await RunAsync("rpm", ["-qlp", rpm]), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("aiinfra-agent", "agent.yaml", "")]
    [InlineData("aiinfra-aggregator", "aggregator.yaml", "65532:65532")]
    public async Task The_image_is_read_by_skopeo_is_small_and_holds_all_that_the_program_needs(string program, string config, string user)
    {
        var image = Package($"{program}-*.oci.tar");
        var (copy, root) = (Path.Combine(_folder, "copy"), Directory.CreateDirectory(Path.Combine(_folder, "root")).FullName);

        var about = await RunAsync("skopeo", ["inspect", "--config", $"oci-archive:{image}"]);
        await RunAsync("skopeo", ["copy", "--quiet", "--insecure-policy", $"oci-archive:{image}", $"dir:{copy}"]);
        foreach (var layer in Directory.GetFiles(copy).Where(file => new FileInfo(file).Length > 100_000).OrderBy(file => new FileInfo(file).Length))
            await RunAsync("tar", ["-xzf", layer, "-C", root, "--numeric-owner"]);

        var settings = JsonDocument.Parse(about).RootElement.GetProperty("config");
        Assert.Equal($"/usr/bin/{program}", settings.GetProperty("Entrypoint")[0].GetString());
        Assert.Equal(user, settings.TryGetProperty("User", out var named) ? named.GetString() : "");
        Assert.Contains("0.", await InImageAsync(root, user, $"{program} version"), StringComparison.Ordinal);
        Assert.Equal($"/etc/aiinfra/{config} is good.\n", await InImageAsync(root, user, $"{program} check-config /etc/aiinfra/{config}"));
        foreach (var library in new[] { "libssl.so.3", "libcrypt.so.1", "libsystemd.so.0", "libstdc++.so.6", "libz.so.1" })
            Assert.NotEmpty(Directory.GetFiles(root, library, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }));
        var megabytes = new FileInfo(image).Length / 1e6;
        TestContext.Current.TestOutputHelper?.WriteLine($"{Path.GetFileName(image)}: {megabytes:0.0} MB");
        Assert.True(megabytes <= 60);
    }

    /// <summary>Runs a program as the image's user with the image's files and nothing of the host's but /proc and /dev/urandom, as a container has them.</summary>
    private static Task<string> InImageAsync(string root, string user, string words) => RunAsync("unshare",
        ["--mount", "--propagation", "private", "env", "-u", "LD_LIBRARY_PATH", "sh", "-c", $"mount --bind /proc {root}/proc && mkdir -p {root}/dev && touch {root}/dev/urandom && mount --bind /dev/urandom {root}/dev/urandom && exec chroot {(user.Length > 0 ? $"--userspec={user}" : "")} {root} /usr/bin/{words}"]);

    private static async Task<string> RunAsync(string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["RPM_CONFIGDIR"] = Path.Combine(Tools, "usr/lib/rpm");
        start.Environment["LD_LIBRARY_PATH"] = Path.Combine(Tools, "usr/lib/x86_64-linux-gnu");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', words)} ended with {process.ExitCode}:\n{await errors}{await output}");
        return await output;
    }
}
