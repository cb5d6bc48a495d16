using System.Collections.Immutable;
using AIInfra.Core.Sampling;

namespace AIInfra.Core.Workloads;

/// <summary>Counts what each container had of the node's devices: device-seconds allocated, used and idle, and joules. Pure arithmetic on what the boards show.</summary>
/// <remarks>What is not known is not counted: no allocation while the kubelet does not say who holds what, no use and no energy while a device does not answer.</remarks>
internal sealed class PodAccounts(TimeProvider time)
{
    /// <summary>How long the account of a container that holds nothing any more is shown: long enough for the last scrape and for a rate over five minutes.</summary>
    public static readonly TimeSpan KeptAfterEnd = TimeSpan.FromMinutes(15);
    public const int Limit = 2000;

    /// <summary>Kernels run for less of the time than this count as none.</summary>
    private const double Idle = 0.005;
    /// <summary>A difference over a longer time says nothing of who used it.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromMinutes(2);

    private readonly Dictionary<PodAccountKey, PodAccount> _accounts = [];
    private readonly Dictionary<string, (double Joules, long At)> _energy = new(StringComparer.Ordinal);
    private long? _last;

    /// <summary>In the order in which they were opened.</summary>
    public ImmutableArray<PodAccount> Current { get; private set; } = [];

    /// <summary>Containers that have no account because there were too many at once.</summary>
    public int Omitted { get; private set; }

    /// <summary>Adds what passed since the step before.</summary>
    /// <param name="maxAge">Of a sample that counts as fresh.</param>
    public void Step(Holdings holdings, NodeSample samples, TimeSpan maxAge)
    {
        var now = time.GetTimestamp();
        var seconds = _last is { } last ? time.GetElapsedTime(last, now).TotalSeconds : 0;
        _last = now;
        var omitted = 0;
        var all = holdings.Pods.IsKnown ? holdings.All : [];
        foreach (var holding in all)
        {
            if (_accounts.TryGetValue(KeyOf(holding), out var held))
                held.LastHeld = now; // before room is made for others
        }
        foreach (var holding in all)
        {
            if (Open(holding, now) is not { } account)
            {
                omitted++;
                continue;
            }
            account.Allocate(seconds * holding.Share);
            if (Sample(samples, holding.Device.Vendor, holding.Device.Id, now, maxAge) is var (fields, sample) && BusyOf(fields, sample) is { } busy)
                CountUse(account, holding, holdings.Of(holding.Device.Id).Length == 1, busy, seconds);
        }
        Omitted = omitted;
        CountEnergy(holdings, samples, now, seconds, maxAge);
        Forget(now);
    }

    public ImmutableArray<StoredPodAccount> Store() => [.. Current.Select(account => account.Store())];

    public void Restore(IEnumerable<StoredPodAccount> stored)
    {
        foreach (var account in stored.Take(Limit).Select(one => PodAccount.Restore(one, time.GetTimestamp())))
            _accounts[account.Key] = account;
        Current = [.. _accounts.Values];
    }

    /// <summary>Of several containers that share a device, it is not known whose kernels ran; that none did, is.</summary>
    private static void CountUse(PodAccount account, Holding holding, bool isAlone, double busy, double seconds)
    {
        if (busy < Idle)
            account.Use(0, seconds * holding.Share);
        else if (isAlone)
            account.Use(seconds * Math.Min(busy, 1), 0);
    }

    private static PodAccountKey KeyOf(Holding holding) => new(holding.Holder, holding.Device.Vendor, holding.Resource);

    private PodAccount? Open(Holding holding, long now)
    {
        var key = KeyOf(holding);
        if (!_accounts.TryGetValue(key, out var account))
        {
            if (_accounts.Count >= Limit && !DropOneThatEnded(now))
                return null;
            _accounts.Add(key, account = new PodAccount(key));
            Current = Current.Add(account);
        }
        account.LastHeld = now;
        return account;
    }

    /// <summary>A board's energy goes to who holds it or parts of it: all of it to the holders of a whole or shared board, to those of partitions by the share of its memory.</summary>
    private void CountEnergy(Holdings holdings, NodeSample samples, long now, double seconds, TimeSpan maxAge)
    {
        foreach (var vendor in samples.Vendors)
        {
            foreach (var sample in vendor.Devices)
            {
                if (time.GetElapsedTime(sample.Timestamp, now) > maxAge || DrawnBy(vendor.Fields, sample, seconds) is not { } joules)
                    continue;
                foreach (var (account, weight) in holdings.Pods.IsKnown ? WeightsOf(holdings, sample.DeviceId) : [])
                    account.Draw(joules * weight);
            }
        }
    }

    private IEnumerable<(PodAccount Account, double Weight)> WeightsOf(Holdings holdings, string board)
    {
        var whole = holdings.Of(board);
        var units = whole.Sum(holding => holding.Units);
        foreach (var holding in whole)
        {
            if (_accounts.TryGetValue(KeyOf(holding), out var account))
                yield return (account, holding.Units / (double)units);
        }
        if (units > 0)
            yield break;
        foreach (var holding in holdings.All)
        {
            if (holding.Device.ParentId == board && holding.Part is { } part && _accounts.TryGetValue(KeyOf(holding), out var account))
                yield return (account, part * holding.Share);
        }
    }

    /// <summary>Since the sample before, by the device's own counter; by its power where it has none, or where the counter began anew.</summary>
    private double? DrawnBy(FieldTable fields, DeviceSample sample, double seconds)
    {
        var power = Read(fields, sample, "power_watts");
        if (Read(fields, sample, "energy_joules_total") is not { } total)
            return power is { } watts && seconds > 0 ? watts * seconds : null;
        var before = _energy.TryGetValue(sample.DeviceId, out var found) ? found : ((double Joules, long At)?)null;
        if (before is { } same && same.At == sample.Timestamp)
            return null; // the sample that was counted already
        _energy[sample.DeviceId] = (total, sample.Timestamp);
        if (before is not { } old || time.GetElapsedTime(old.At, sample.Timestamp) is var gap && gap > LongestGap)
            return null;
        return total >= old.Joules ? total - old.Joules : power * gap.TotalSeconds;
    }

    private void Forget(long now)
    {
        var gone = _accounts.Values.Where(account => time.GetElapsedTime(account.LastHeld, now) > KeptAfterEnd).ToArray();
        foreach (var account in gone)
            _accounts.Remove(account.Key);
        if (gone.Length > 0)
            Current = [.. Current.Except(gone)];
    }

    private bool DropOneThatEnded(long now)
    {
        var oldest = _accounts.Values.Where(account => account.LastHeld != now).MinBy(account => account.LastHeld);
        if (oldest is null)
            return false;
        _accounts.Remove(oldest.Key);
        Current = Current.Remove(oldest);
        return true;
    }

    private (FieldTable Fields, DeviceSample Sample)? Sample(NodeSample samples, string vendor, string device, long now, TimeSpan maxAge)
    {
        foreach (var one in samples.Vendors)
        {
            if (one.Fields.Vendor == vendor && one.Find(device) is { } sample && time.GetElapsedTime(sample.Timestamp, now) <= maxAge)
                return (one.Fields, sample);
        }
        return null;
    }

    /// <summary>Of partitions, which have no such reading, the engine's own.</summary>
    private static double? BusyOf(FieldTable fields, DeviceSample sample) => Read(fields, sample, "utilization_ratio") ?? Read(fields, sample, "graphics_engine_active_ratio");

    private static double? Read(FieldTable fields, DeviceSample sample, string field) =>
        fields.TryFind(field, out var place) && place < sample.Readings.Length && sample.Readings[place] is { IsPresent: true, Value: var value } && double.IsFinite(value) ? value : null;
}
