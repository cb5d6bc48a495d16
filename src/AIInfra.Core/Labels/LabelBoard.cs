using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Labels;

/// <summary>Where labels go. Section <c>labels</c>.</summary>
public sealed record LabelOptions
{
    /// <summary>A file for Node Feature Discovery; empty for none.</summary>
    public string File { get; init; } = "";
}

/// <summary>Keeps the node's feature labels in step with its devices, and in the file for Node Feature Discovery where one is named.</summary>
/// <param name="makers">At most one a vendor.</param>
/// <param name="others">What they say goes in within a minute.</param>
public sealed partial class LabelBoard(
    LabelOptions options, InventoryBoard inventory, IEnumerable<IFeatureLabels> makers, WorkerBoard board, TimeProvider time, ILogger<LabelBoard> logger, IEnumerable<INodeLabels>? others = null) : IWorker
{
    public const string Part = "labels";

    /// <summary>A file that cannot be written is tried again, and one that somebody removed is put back.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromMinutes(1);

    private ImmutableSortedDictionary<string, string> _bare = ImmutableSortedDictionary<string, string>.Empty;
    private ImmutableSortedDictionary<string, string>? _written;
    private string? _said;

    /// <summary>By full name.</summary>
    public Latest<ImmutableSortedDictionary<string, string>> Current { get; } = new(ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal));

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var devices = inventory.Current.Value;
            await Task.Factory.StartNew(Refresh, cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default); // the host's files may block
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(inventory.Current.WaitForChangeAsync(devices, ended.Token), Task.Delay(Beat, time, ended.Token));
            await ended.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Makes the labels anew, now. Blocks on the host's files. One thread at a time.</summary>
    public void Refresh()
    {
        var bare = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var times = new List<string>();
        foreach (var vendor in inventory.Current.Value.Vendors)
        {
            if (makers.FirstOrDefault(maker => maker.Vendor == vendor.Vendor) is not { } maker || maker.Make(vendor) is not { IsEmpty: false } made)
                continue;
            bare.AddRange(made.Where(label => !bare.ContainsKey(label.Key)));
            if (maker.TimestampName is { } name)
                times.Add(name);
        }
        foreach (var other in others ?? [])
            bare.AddRange(other.Make().Where(label => !bare.ContainsKey(label.Key)));
        var now = bare.ToImmutable();
        if (!now.SequenceEqual(_bare))
        {
            _bare = now;
            var seconds = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
            Current.Publish(now.SetItems(times.Select(name => KeyValuePair.Create(name, seconds))));
        }
        Keep(Current.Value);
    }

    private void Keep(ImmutableSortedDictionary<string, string> labels)
    {
        if (options.File.Length == 0 || (labels.IsEmpty && _written is null && !IsThere()) || (ReferenceEquals(labels, _written) && IsThere()))
            return;
        try
        {
            FeatureFile.Write(options.File, labels);
            _written = labels;
            board.Ready(Part);
            LogWritten(labels.Count, options.File);
            _said = null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var why = $"{options.File} cannot be written: {fault.Message.TrimEnd('.')}. Make its folder, or correct labels.file.";
            board.NotReady(Part, why);
            if (_said != why)
                LogRefused(why);
            _said = why;
        }
    }

    private bool IsThere() => File.Exists(options.File);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} feature labels are written to {File}")]
    private partial void LogWritten(int count, string file);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Why}")]
    private partial void LogRefused(string why);
}
