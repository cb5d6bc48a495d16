using AIInfra.Core.Health;
using AIInfra.Core.Hosting;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Actions;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Remediation;

/// <summary>In a test run nothing destructive may reach the host that the tests run on, whatever its folders are called.</summary>
public sealed class HostHandsTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hands-");

    public void Dispose() => _root.Delete(recursive: true);

    private string Combine(string path) => Path.Combine(_root.FullName, path);

    private HostPaths Simulated()
    {
        foreach (var folder in (string[])["sys", "proc", "dev", "run"])
            Directory.CreateDirectory(Combine(folder));
        return new HostPaths { Root = _root.FullName };
    }

    private static ActionStep Step(params string[] arguments) => new()
    {
        Id = "step-1",
        Operation = "operation-1",
        Action = "reboot",
        Arguments = [.. arguments],
        Subject = Subject.Node,
        ProblemId = "test.problem",
        Deadline = TimeSpan.FromMinutes(10),
        BootId = "boot-a",
        Proof = new ActionProof(ProofKind.BootId, "boot-a"),
    };

    [Fact]
    public void The_real_host_is_refused_under_all_of_its_names()
    {
        Simulated();
        File.CreateSymbolicLink(Combine("again"), "/");
        HostPaths[] real =
        [
            new() { Root = "/" }, new() { Root = "/tmp/.." }, new() { Root = "/proc/self/root" }, new() { Root = Combine("again") },
            new() { Root = _root.FullName, Sys = "/sys" }, new() { Root = _root.FullName, Proc = "/proc/" }, new() { Root = _root.FullName, Run = "/run" },
        ];

        Assert.All(real, host => Assert.NotNull(new HostHands(host, isUnderTest: true).Refusal));
        Assert.All(real, host => Assert.Null(new HostHands(host, isUnderTest: false).Refusal));
        Assert.Null(new HostHands(Simulated(), isUnderTest: true).Refusal);
        Assert.Throws<IOException>(() => new HostHands(real[0], isUnderTest: true).Write(Combine("sys"), "1"));
    }

    [Fact]
    public void A_write_needs_the_kernels_file_to_be_there_already()
    {
        var hands = new HostHands(Simulated(), isUnderTest: true);
        File.WriteAllText(Combine("sys/reset"), "");

        hands.Write(Combine("sys/reset"), "1");

        Assert.Equal("1", File.ReadAllText(Combine("sys/reset")));
        Assert.Throws<FileNotFoundException>(() => hands.Write(Combine("sys/none"), "1"));
    }

    [Fact]
    public async Task Without_systemd_a_boot_is_not_possible_but_by_sysrq_where_the_policy_says_so()
    {
        var host = Simulated();
        Directory.CreateDirectory(Combine("proc/sys/kernel/random"));
        await File.WriteAllTextAsync(Combine("proc/sys/kernel/random/boot_id"), "boot-a\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Combine("proc/sysrq-trigger"), "", TestContext.Current.CancellationToken);
        using var system = new HostSystem(host, TimeProvider.System);
        var time = new ManualTime(DateTimeOffset.UnixEpoch);
        var reboot = new Reboot(system, new HostHands(host, isUnderTest: true), time);

        var refused = await reboot.PrepareAsync(Step(), TestContext.Current.CancellationToken);
        var allowed = await reboot.PrepareAsync(Step("allow-sysrq"), TestContext.Current.CancellationToken);
        using var ended = new CancellationTokenSource();
        var running = reboot.RunAsync(Step("allow-sysrq"), ended.Token);
        var letters = new List<string>();
        for (var tries = 0; letters.LastOrDefault() != "b" && tries < 500; tries++)
        {
            var now = await File.ReadAllTextAsync(Combine("proc/sysrq-trigger"), TestContext.Current.CancellationToken);
            if (now.Length > 0 && now != letters.LastOrDefault())
                letters.Add(now);
            if (letters.LastOrDefault() == now)
                time.Advance(TimeSpan.FromSeconds(2));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        await ended.CancelAsync();
        await Task.WhenAny(running);

        Assert.Contains("There is no system bus", refused.WhyNot, StringComparison.Ordinal);
        Assert.Equal(new ActionProof(ProofKind.BootId, "boot-a"), allowed.Proof);
        Assert.Equal(["s", "u", "b"], letters);
    }

    [Theory]
    [InlineData("kubelet", null)]
    [InlineData("a b", "'a b' is no name of a unit")]
    [InlineData("../x.service", "'../x.service' is no name of a unit")]
    [InlineData("user.slice", "user.slice is of a kind")]
    [InlineData("dbus", "dbus.service is never touched")]
    public void Names_of_units_are_checked_when_a_policy_is_loaded(string unit, string? says)
    {
        var refusal = UnitGuards.RefuseName(unit);

        if (says is null)
            Assert.Null(refusal);
        else
            Assert.StartsWith(says, refusal, StringComparison.Ordinal);
    }
}
