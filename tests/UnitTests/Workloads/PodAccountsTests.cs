using System.Collections.Immutable;
using AIInfra.Core.Sharing;
using AIInfra.Core.Workloads;
using Microsoft.Extensions.Logging.Abstractions;

namespace AIInfra.UnitTests.Workloads;

public sealed class PodAccountsTests : IDisposable
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(30);

    private readonly WorkloadFixture _node = new();
    private readonly PodAccounts _accounts;

    public PodAccountsTests()
    {
        _accounts = new PodAccounts(_node.Time);
        _node.Devices(WorkloadFixture.Gpu(0), WorkloadFixture.Gpu(1), WorkloadFixture.Gpu(2), WorkloadFixture.Slice(2, 1, 20), WorkloadFixture.Slice(2, 2, 40));
    }

    public void Dispose() => _node.Dispose();

    [Fact]
    public void Device_seconds_use_and_energy_are_counted_for_who_holds_whole_devices()
    {
        _node.Held(("acme.com/gpu", "GPU-0", "team/a/main"), ("acme.com/gpu", "GPU-1", "team/a/main"));
        Step(0, ("GPU-0", 0.5, 100, 1000), ("GPU-1", 0, 50, null));
        for (var at = 1; at <= 6; at++)
            Step(10, ("GPU-0", 0.5, 100, 1000 + (at * 900)), ("GPU-1", 0, 50, null));

        var account = Assert.Single(_accounts.Current);
        Assert.Equal(120, account.AllocatedSeconds, 6); // two devices for a minute
        Assert.Equal(30, account.UsedSeconds!.Value, 6);
        Assert.Equal(60, account.IdleSeconds!.Value, 6);
        Assert.Equal((6 * 900) + (60 * 50), account.Joules!.Value, 6); // by the counter; by the power where there is none
    }

    [Fact]
    public void Of_a_shared_device_nothing_is_counted_twice()
    {
        _node.Held(("acme.com/gpu.shared", "GPU-0::0", "team/a/main"), ("acme.com/gpu.shared", "GPU-0::1", "team/b/main"), ("acme.com/gpu.shared", "GPU-0::2", "team/b/main"));
        Step(0, ("GPU-0", 0.9, 300, 0));
        Step(10, ("GPU-0", 0.9, 300, 3000)); // busy: with whose kernels, nobody knows
        Step(10, ("GPU-0", 0, 300, 6000)); // idle: for both

        var (a, b) = (Of("a"), Of("b"));
        Assert.Equal(20, a.AllocatedSeconds + b.AllocatedSeconds, 6);
        Assert.Equal(2 * a.AllocatedSeconds, b.AllocatedSeconds, 6);
        Assert.Equal(6000, a.Joules!.Value + b.Joules!.Value, 6);
        Assert.Equal(2000, a.Joules.Value, 6);
        Assert.Equal(10, a.IdleSeconds!.Value + b.IdleSeconds!.Value, 6);
        Assert.Equal(0, a.UsedSeconds!.Value);
    }

    [Fact]
    public void A_partition_gets_its_part_of_the_boards_energy_and_what_nobody_holds_goes_to_nobody()
    {
        _node.Held(("acme.com/mig-1g", "MIG-2-1", "team/a/main"));
        Step(0, ("GPU-2", null, 400, 0));
        Step(10, ("GPU-2", null, 400, 4000));

        Assert.Equal(1000, Of("a").Joules!.Value, 6); // 20 of 80
        Assert.Null(Of("a").UsedSeconds); // the partition has no reading here
        Assert.Equal(10, Of("a").AllocatedSeconds, 6);
    }

    [Fact]
    public void What_is_not_known_is_not_counted()
    {
        _node.Held(("acme.com/gpu", "GPU-0", "team/a/main"));
        Step(0, ("GPU-0", 0.5, 100, 0));
        Step(10, ("GPU-0", 0.5, 100, 1000));

        _node.Time.Advance(TimeSpan.FromSeconds(60)); // the device is silent, its last sample is old
        _accounts.Step(_node.Board.Current.Value, _node.Samples.Current.Value, MaxAge);
        Assert.Equal(70, Of("a").AllocatedSeconds, 6);
        Assert.Equal(5, Of("a").UsedSeconds!.Value, 6);
        Assert.Equal(1000, Of("a").Joules!.Value, 6);

        _node.Pods.Publish("/kubelet", PodResourcesSnapshot.Unknown("It hangs."));
        _node.Board.Refresh();
        Step(10, ("GPU-0", 0.5, 100, 2000));
        Assert.Equal(70, Of("a").AllocatedSeconds, 6);
    }

    [Fact]
    public void A_counter_that_began_anew_never_counts_backwards()
    {
        _node.Held(("acme.com/gpu", "GPU-0", "team/a/main"));
        Step(0, ("GPU-0", 0.5, 100, 5000));
        Step(10, ("GPU-0", 0.5, 100, 20)); // the driver was loaded anew

        Assert.Equal(1000, Of("a").Joules!.Value, 6);
    }

    [Fact]
    public void An_account_is_kept_for_a_quarter_of_an_hour_after_its_end_and_goes_on_if_the_pod_comes_back()
    {
        _node.Held(("acme.com/gpu", "GPU-0", "team/a/main"));
        Step(0);
        Step(10);
        _node.Held();
        Step(600);
        Assert.Equal(10, Of("a").AllocatedSeconds, 6);

        _node.Held(("acme.com/gpu", "GPU-1", "team/a/main")); // a StatefulSet's pod under the same name
        Step(10);
        Assert.Equal(20, Of("a").AllocatedSeconds, 6);

        _node.Held();
        Step(899);
        Assert.Single(_accounts.Current);
        Step(2);
        Assert.Empty(_accounts.Current);
    }

    [Fact]
    public void There_are_never_more_accounts_than_the_limit_and_those_that_ended_make_room()
    {
        _node.Held(Enumerable.Range(0, PodAccounts.Limit).Select(number => ("acme.com/gpu.shared", $"GPU-0::{number}", $"team/p{number}/main")));
        Step(0);
        Assert.Equal(PodAccounts.Limit, _accounts.Current.Length);

        _node.Held(Enumerable.Range(10, PodAccounts.Limit + 5).Select(number => ("acme.com/gpu.shared", $"GPU-0::{number}", $"team/p{number}/main")));
        Step(10);

        Assert.Equal(PodAccounts.Limit, _accounts.Current.Length);
        Assert.Equal(5, _accounts.Omitted);
        Assert.DoesNotContain(_accounts.Current, account => account.Key.Holder.Pod == "p3");
        Assert.Contains(_accounts.Current, account => account.Key.Holder.Pod == "p2000");
    }

    [Fact]
    public void They_are_handed_to_the_next_run_once()
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-accounts-");
        try
        {
            PodAccountingWorker New() => new(_node.Board, _node.Samples, new PodAccountingOptions(folder.FullName, MaxAge), _node.Time, NullLogger<PodAccountingWorker>.Instance);
            _node.Held(("acme.com/gpu", "GPU-0", "team/a/main"));
            var first = New();
            first.Take();
            first.Step();
            _node.Time.Advance(TimeSpan.FromSeconds(30));
            first.Step();
            first.Hand();

            var second = New();
            second.Take();
            _node.Time.Advance(TimeSpan.FromSeconds(5)); // nobody counted meanwhile
            second.Step();
            Assert.Equal(30, Assert.Single(second.Current).AllocatedSeconds, 6);

            var afterCrash = New();
            afterCrash.Take();
            Assert.Empty(afterCrash.Current);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[{\"Namespace\":\"n\",\"Pod\":null,\"Container\":\"c\",\"Vendor\":\"v\",\"Resource\":\"r\",\"AllocatedSeconds\":1}]")]
    [InlineData("[{\"Namespace\":\"n\",\"Pod\":\"p\",\"Container\":\"c\",\"Vendor\":\"v\",\"Resource\":\"r\",\"AllocatedSeconds\":-1}]")]
    public void A_file_that_holds_nonsense_is_dropped(string text)
    {
        var folder = Directory.CreateTempSubdirectory("aiinfra-accounts-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "accounting.json"), text);
            var worker = new PodAccountingWorker(_node.Board, _node.Samples, new PodAccountingOptions(folder.FullName, MaxAge), _node.Time, NullLogger<PodAccountingWorker>.Instance);

            worker.Take();

            Assert.Empty(worker.Current);
            Assert.Empty(folder.GetFiles());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private PodAccount Of(string pod) => _accounts.Current.Single(account => account.Key.Holder.Pod == pod);

    private void Step(double seconds, params ImmutableArray<(string Id, double? Util, double? Watts, double? Joules)> samples)
    {
        _node.Time.Advance(TimeSpan.FromSeconds(seconds));
        _node.Sample(samples.IsDefault ? [] : samples);
        _accounts.Step(_node.Board.Current.Value, _node.Samples.Current.Value, MaxAge);
    }
}
