using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Core.Hosting;
using AIInfra.Core.Metrics;
using AIInfra.Core.Sampling;
using AIInfra.Core.State;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Workloads;

/// <param name="Folder"><c>state.path</c>.</param>
/// <param name="MaxSampleAge">See <see cref="MetricsPageOptions.MaxSampleAge"/>.</param>
public sealed record PodAccountingOptions(string Folder, TimeSpan MaxSampleAge);

/// <summary>Keeps the accounts, and hands them from one run of the agent to the next when it ends in order.</summary>
/// <remarks>They are written at the end alone and taken once: numbers older than the last scrape would look like a counter that began anew, and everything before
/// would be counted twice. After a crash they begin at zero, which every query understands.</remarks>
public sealed partial class PodAccountingWorker(
    WorkloadBoard workloads, SampleBoard samples, PodAccountingOptions options, TimeProvider time, ILogger<PodAccountingWorker> logger) : IWorker
{
    public const string Part = "accounting";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromSeconds(2);

    private const int LongestFile = 4 << 20; // bytes

    private readonly PodAccounts _accounts = new(time);

    internal ImmutableArray<PodAccount> Current => _accounts.Current;
    internal int Omitted => _accounts.Omitted;

    private string File => Path.Combine(options.Folder, "accounting.json");

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await OnDiskAsync(Take);
        try
        {
            using var timer = new PeriodicTimer(Beat, time);
            do
                Step();
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        finally
        {
            Step();
            await OnDiskAsync(Hand);
        }
    }

    internal void Step() => _accounts.Step(workloads.Current.Value, samples.Current.Value, options.MaxSampleAge);

    internal void Hand() => WholeFile.Write(File, JsonSerializer.SerializeToUtf8Bytes(_accounts.Store(), AccountingJson.Default.ImmutableArrayStoredPodAccount));

    internal void Take()
    {
        if (new FileInfo(File) is not { Exists: true } file)
            return;
        var text = file.Length > LongestFile ? "[]"u8.ToArray() : System.IO.File.ReadAllBytes(File);
        file.Delete(); // before it counts: were it read a second time, it would be older than what was scraped
        try
        {
            var stored = JsonSerializer.Deserialize(text, AccountingJson.Default.ImmutableArrayStoredPodAccount);
            _accounts.Restore(stored.IsDefault ? [] : stored.Where(IsSound));
        }
        catch (JsonException fault)
        {
            LogNotKept(File, fault.Message);
        }
    }

    private static bool IsSound(StoredPodAccount? account) => account is { Namespace: not null, Pod: not null, Container: not null, Vendor: not null, Resource: not null }
        && IsCount(account.AllocatedSeconds) && IsCount(account.UsedSeconds ?? 0) && IsCount(account.IdleSeconds ?? 0) && IsCount(account.Joules ?? 0);

    private static bool IsCount(double value) => double.IsFinite(value) && value >= 0;

    private async Task OnDiskAsync(Action work)
    {
        try
        {
            await DiskThread.RunAsync(work).WaitAsync(Patience, time);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or TimeoutException)
        {
            LogNotKept(File, fault.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What pods had of devices is not carried over this start of the agent, and is counted from zero ({File}: {Why})")]
    private partial void LogNotKept(string file, string why);
}

[JsonSerializable(typeof(ImmutableArray<StoredPodAccount>))]
internal sealed partial class AccountingJson : JsonSerializerContext;

/// <summary>The accounts on the page.</summary>
public sealed class PodAccountRows(PodAccountingWorker accounting) : PageRows
{
    public override void Write(PageWriter writer)
    {
        var accounts = accounting.Current;
        writer.Family(AgentMetric.PodAllocatedSeconds);
        foreach (var account in accounts)
            writer.Sample(account.Labels, Math.Round(account.AllocatedSeconds, 3));
        writer.Family(AgentMetric.PodUsedSeconds);
        foreach (var account in accounts)
            WriteKnown(writer, account, account.UsedSeconds);
        writer.Family(AgentMetric.PodIdleSeconds);
        foreach (var account in accounts)
            WriteKnown(writer, account, account.IdleSeconds);
        writer.Family(AgentMetric.PodEnergy);
        foreach (var account in accounts)
            WriteKnown(writer, account, account.Joules);
        writer.Family(AgentMetric.PodAccountsOmitted);
        writer.Sample(LabelSet.Empty, accounting.Omitted);
    }

    private static void WriteKnown(PageWriter writer, PodAccount account, double? value)
    {
        if (value is { } known)
            writer.Sample(account.Labels, Math.Round(known, 3));
    }
}
