using System.Diagnostics;
using System.Globalization;
using AIInfra.Testing;

namespace AIInfra.EndToEndTests.Installed;

/// <summary>The aggregator's package and both units, by the programs that install and judge them.</summary>
[Collection(BootedSystem.Collection)]
public sealed class AggregatorPackageTests(BootedSystem system) : IDisposable
{
    private const string Name = "aiinfra-aggregator";

    private HttpClient? _http;

    private BootedMachine Machine => system.Machine;

    public void Dispose() => _http?.Dispose();

    [Fact]
    public async Task The_deb_is_installed_upgraded_removed_and_leaves_nothing()
    {
        var package = InstalledFiles.Package(Name);
        await InstalledFiles.ClearAsync(Machine);
        var before = await InstalledFiles.TraceAsync(Machine);

        var started = Stopwatch.GetTimestamp();
        await Machine.RunAsync("dpkg", "--install", package);
        var authority = await AuthorityAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"From install to the first answer: {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s.");
        Assert.Equal("enabled", (await Machine.RunAsync("systemctl", "is-enabled", Name)).Trim());
        Assert.Equal($"640 root:{Name}", (await Machine.RunAsync("stat", "-c", "%a %U:%G", "/etc/aiinfra/aggregator.yaml")).Trim());
        Assert.Equal($"700 {Name}:{Name}", (await Machine.RunAsync("stat", "-c", "%a %U:%G", "/var/lib/aiinfra-aggregator")).Trim());
        Assert.Equal(Name, (await Machine.RunAsync("ps", "-o", "user:32=", "-p", await PidAsync())).Trim());
        await CommandAsync("token", "create", "--role", "viewer", "--name", "kept");

        // What an operator writes counts, and an upgrade keeps it.
        await Machine.RunAsync("sh", "-c", "sed -i 's:/var/lib/aiinfra-aggregator/aggregator.db:/var/lib/aiinfra-aggregator/moved.db:' /etc/aiinfra/aggregator.yaml");
        var first = await PidAsync();
        await Machine.RunAsync("dpkg", "--install", package);
        Assert.Equal(authority, await AuthorityAsync());
        Assert.NotEqual(first, await PidAsync());
        await Machine.RunAsync("test", "-s", "/var/lib/aiinfra-aggregator/moved.db");
        Assert.Contains("kept", await CommandAsync("token", "list"), StringComparison.Ordinal);

        await Machine.RunAsync("dpkg", "--remove", Name);
        Assert.Equal((1, ""), await Machine.TryRunAsync("pgrep", "-f", $"{Name} run"));
        await Machine.RunAsync("dpkg", "--install", package);
        Assert.Equal(authority, await AuthorityAsync()); // who installs again has his fleet
        Assert.Contains("kept", await CommandAsync("token", "list"), StringComparison.Ordinal);

        await Machine.RunAsync("dpkg", "--purge", Name);
        Assert.Equal([], (await InstalledFiles.TraceAsync(Machine)).Except(before).Order());
    }

    /// <summary>What systemd says of what the units expose (0 is nothing, 10 is all), beside what the page says.</summary>
    [Theory]
    [InlineData("aiinfra-agent", 4)]
    [InlineData("aiinfra-aggregator", 2)]
    public async Task The_exposure_of_the_unit_is_bounded_and_the_page_says_it(string unit, double most)
    {
        Machine.Write($"/tmp/{unit}.service", await File.ReadAllTextAsync(RepositoryRoot.Combine("packaging", "systemd", $"{unit}.service"), TestContext.Current.CancellationToken));

        var (_, output) = await Machine.TryRunAsync("systemd-analyze", "security", "--offline=true", "--no-pager", $"/tmp/{unit}.service");

        var line = output.Split('\n').Single(text => text.Contains("Overall exposure level", StringComparison.Ordinal));
        var figure = line.Split(':')[1].Trim().Split(' ')[0];
        Assert.True(double.Parse(figure, CultureInfo.InvariantCulture) <= most, output);
        Assert.Contains($"| `{unit}.service` | {figure} |", await File.ReadAllTextAsync(RepositoryRoot.Combine("docs", "install.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task<string> AuthorityAsync()
    {
        var authority = "";
        _http ??= Machine.Client();
        await Eventually.AsyncTrue(async () =>
        {
            try
            {
                authority = await _http.GetStringAsync(new Uri("https://127.0.0.1:9443/authority.pem"), TestContext.Current.CancellationToken);
                return true;
            }
            catch (HttpRequestException)
            {
                return false; // not up yet
            }
        }, () => Machine.JournalOfAsync(Name).GetAwaiter().GetResult());
        return authority;
    }

    private Task<string> CommandAsync(params string[] words) => Machine.RunAsync(["runuser", "-u", Name, "--", Name, .. words]);

    private async Task<string> PidAsync() => (await Machine.RunAsync("systemctl", "show", "--value", "-p", "MainPID", Name)).Trim();
}
