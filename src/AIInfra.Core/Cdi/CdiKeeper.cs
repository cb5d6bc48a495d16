using System.Collections.Frozen;
using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.State;
using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Cdi;

/// <summary>How spec files are kept. Section <c>cdi</c>.</summary>
public sealed record CdiOptions
{
    /// <summary>Write spec files; by default on.</summary>
    public bool Enabled { get; init; } = true;
    /// <summary>Write the kinds that answers to the kubelet name, too; off where another program answers it.</summary>
    public bool AnswersKubelet { get; init; } = true;
    /// <summary>Where they are written: the container runtimes' folder for files that come and go.</summary>
    public required string Folder { get; init; }
    /// <summary>Where else runtimes look, and an operator's files are.</summary>
    public ImmutableArray<string> OtherFolders { get; init; } = [];
}

/// <summary>Says who may still need a CDI name that the agent gave.</summary>
public interface ICdiHolders
{
    /// <summary>True when a pod may hold devices of the vendor, or when nobody can tell: the kubelet then replays the answer that it
    /// got, names and all, at each start of a container.</summary>
    bool MayHold(string vendor);
}

/// <summary>Keeps the spec files of every vendor as they should be: written before a name is given out, repaired when somebody changes
/// them, and left in place when the agent ends, since running pods go on needing them.</summary>
/// <remarks>All disk work is done on a thread of its own, one piece at a time.</remarks>
/// <param name="holders">Null: nobody can tell, so that no file that an answer may name is ever removed; a boot does that.</param>
public sealed partial class CdiKeeper(
    CdiOptions options, IEnumerable<ICdiSource> sources, InventoryBoard inventory, CdiBoard names, WorkerBoard board, TimeProvider time,
    ILogger<CdiKeeper> logger, ICdiHolders? holders = null) : IWorker
{
    public const string Part = "cdi";

    internal static readonly TimeSpan Poll = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMilliseconds(200), HangsAfter = TimeSpan.FromSeconds(10);

    private readonly ImmutableArray<CdiVendor> _vendors = [.. sources.Select(source => new CdiVendor(source, time))];
    private readonly CdiFolder _folder = new(options.Folder, options.OtherFolders);
    private readonly Dictionary<string, byte[]> _contents = new(StringComparer.Ordinal); // by file, as this run wants it
    private readonly HashSet<string> _ours =
        [.. sources.SelectMany(source => source.Kinds).SelectMany(kind => new[] { FileOf(kind, isOwn: true), FileOf(kind, isOwn: false) })];
    private readonly Dictionary<string, string> _said = new(StringComparer.Ordinal); // by vendor or file

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (_vendors.IsEmpty)
            return;
        using var watch = new FolderWatch(options.Folder, Poll, time, NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Attributes);
        while (true)
        {
            var devices = inventory.Current.Value;
            await StepAsync(devices, cancellationToken);
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(watch.WaitAsync(ended.Token), inventory.Current.WaitForChangeAsync(devices, ended.Token));
            await ended.CancelAsync();
            await Task.Delay(Pause, time, cancellationToken); // a burst of changes, our own among them, is one
        }
    }

    private async Task StepAsync(NodeInventory devices, CancellationToken cancellationToken)
    {
        var step = DiskThread.RunAsync(() => Step(devices), Part);
        try
        {
            await step.WaitAsync(HangsAfter, time, cancellationToken);
        }
        catch (TimeoutException) when (!step.IsCompleted)
        {
            board.NotReady(Part, $"Looking at the driver's files or at {options.Folder} has not come back for {HangsAfter.TotalSeconds} s: look into the kernel log.");
            await step.WaitAsync(cancellationToken); // the one hung look is waited for: a second one would only hang as well
        }
    }

    /// <summary>Brings files and names in step with the devices, now. Blocks on the disk.</summary>
    internal void Step(NodeInventory devices)
    {
        var (found, absences, extras) = (new Dictionary<string, string>(), new Dictionary<string, string>(), new Dictionary<string, string>());
        string? fault = null;
        foreach (var vendor in _vendors)
        {
            var (name, seen) = (vendor.Source.Vendor, devices.Vendors.FirstOrDefault(entry => entry.Vendor == vendor.Source.Vendor));
            try
            {
                var offer = seen is null ? CdiOffer.Nothing("its devices are not known yet") : vendor.Describe(seen);
                var absence = Keep(vendor.Source, offer) ?? offer.Absence;
                if (absence is not null)
                    absences[name] = absence;
                if (absence == offer.Absence) // what is offered is in place
                {
                    AddRange(found, offer.Names);
                    AddRange(extras, offer.Extras);
                }
                Say(name, seen is { Devices.IsEmpty: false } && options.Enabled ? absence : null);
            }
            catch (Exception refusal) when (refusal is IOException or UnauthorizedAccessException)
            {
                fault = absences[name] = $"CDI spec files cannot be kept in {options.Folder}: {refusal.Message.TrimEnd('.')}";
            }
        }
        Publish(new CdiNames(found.ToFrozenDictionary(StringComparer.Ordinal), absences.ToFrozenDictionary(StringComparer.Ordinal), extras.ToFrozenDictionary(StringComparer.Ordinal)));
        if (fault is null)
            board.Ready(Part);
        else
            board.NotReady(Part, $"{fault}. Pods get their devices another way where there is one.");
        Say(options.Folder, fault, LogLevel.Warning);
    }

    private static void AddRange(Dictionary<string, string> all, ImmutableDictionary<string, string> more)
    {
        foreach (var (key, value) in more)
            all.TryAdd(key, value);
    }

    /// <returns>Null when all that is offered is in place, else why not.</returns>
    private string? Keep(ICdiSource source, CdiOffer offer)
    {
        var foreign = _folder.Foreign(_ours);
        string? absence = options.Enabled ? null : "cdi.enabled is false";
        foreach (var kind in source.Kinds)
        {
            if (offer.Specs.FirstOrDefault(entry => entry.Spec.Kind == kind) is not { } offered || !IsWanted(offered))
            {
                Withdraw(source, kind, offer);
                continue;
            }
            var file = FileOf(kind, offered.IsOwn);
            if (Rival(offered, foreign) is { } rival)
            {
                Remove(file);
                if (offered.IsOwn)
                    absence ??= $"{rival.Path} defines devices of kind {kind} too, and of two such files runtimes take neither; remove it";
                else
                    Say(file, $"{kind} is left to {rival.Path}, which defines it");
                continue;
            }
            Say(file, null);
            Put(file, offered.Spec);
        }
        return absence;
    }

    private bool IsWanted(CdiKind kind) => options.Enabled && (options.AnswersKubelet || !kind.IsOwn);

    /// <summary>A file that answers name goes only when it is ours beyond doubt, for that of another program has the same name, and when no
    /// pod can need it any more.</summary>
    private void Withdraw(ICdiSource source, string kind, CdiOffer offer)
    {
        Remove(FileOf(kind, isOwn: false));
        var own = FileOf(kind, isOwn: true);
        var isOurs = _contents.ContainsKey(own)
            || (offer.Specs.FirstOrDefault(entry => entry.IsOwn && entry.Spec.Kind == kind) is { } same && _folder.Holds(own, same.Spec.ToJson()));
        if (isOurs && !(holders?.MayHold(source.Vendor) ?? true))
            Remove(own);
    }

    /// <summary>The file that stands in the way: for a kind of our own one of the same priority with the same devices, else any that defines the kind.</summary>
    private CdiForeignFile? Rival(CdiKind wanted, ImmutableArray<CdiForeignFile> foreign) => wanted.IsOwn
        ? foreign.FirstOrDefault(file => Path.GetDirectoryName(file.Path) == _folder.Written && wanted.Spec.Devices.Any(device => file.Defines(wanted.Spec.Kind, device.Name)))
        : foreign.FirstOrDefault(file => file.Defines(wanted.Spec.Kind));

    private void Put(string file, CdiSpec spec)
    {
        var content = spec.ToJson();
        var wasWanted = _contents.TryGetValue(file, out var before) && before.AsSpan().SequenceEqual(content);
        if (!_folder.Holds(file, content))
        {
            _folder.Write(file, content);
            var path = _folder.PathOf(file);
            if (wasWanted)
                LogRepaired(path);
            else
                LogWritten(path, spec.Devices.Length, spec.CdiVersion);
        }
        _contents[file] = content;
    }

    private void Remove(string file)
    {
        _contents.Remove(file);
        if (!_folder.Exists(file))
            return;
        _folder.Remove(file);
        var path = _folder.PathOf(file);
        LogRemoved(path);
    }

    /// <summary>A kind of our own has the file that the field names it by; any other one a name that nobody else takes.</summary>
    internal static string FileOf(string kind, bool isOwn) => isOwn ? CdiName.FileOf(kind) : $"aiinfra-{CdiName.FileOf(kind)}";

    private void Publish(CdiNames now)
    {
        var before = names.Current.Value;
        if (!Same(before.Devices, now.Devices) || !Same(before.Absences, now.Absences) || !Same(before.Extras, now.Extras))
            names.Current.Publish(now);
    }

    private static bool Same(FrozenDictionary<string, string> one, FrozenDictionary<string, string> other) =>
        one.Count == other.Count && one.All(entry => other.TryGetValue(entry.Key, out var value) && value == entry.Value);

    /// <summary>Once, and again when it had gone or is another.</summary>
    private void Say(string about, string? sentence, LogLevel level = LogLevel.Information)
    {
        if (sentence is null)
            _said.Remove(about);
        else if (_said.GetValueOrDefault(about) != sentence)
        {
            _said[about] = sentence;
            LogSaid(level, about, sentence);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} is written: {Count} CDI devices, version {Version}")]
    private partial void LogWritten(string file, int count, string version);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{File} was removed or changed by somebody else; it is written anew")]
    private partial void LogRepaired(string file);

    [LoggerMessage(Level = LogLevel.Information, Message = "{File} is removed: it is not wanted any more")]
    private partial void LogRemoved(string file);

    [LoggerMessage(Message = "CDI, {About}: {Sentence}")]
    private partial void LogSaid(LogLevel level, string about, string sentence);
}
