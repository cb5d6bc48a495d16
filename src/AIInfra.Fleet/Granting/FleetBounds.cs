using System.Text;
using AIInfra.Fleet.V1;
using AIInfra.Linux.Files;

namespace AIInfra.Fleet.Granting;

/// <summary>What the aggregator forbids this node beside the node's own policy: it can narrow, never widen. Kept in a file, so that neither a restart nor an aggregator that is away lifts it.</summary>
/// <remarks>Lifted only by the aggregator: on each stream it says anew what holds, and an aggregator from before that says nothing, which lifts it too.</remarks>
/// <param name="folder">Of the fleet's state; empty: it is kept in memory only.</param>
public sealed class FleetBounds(string folder)
{
    private const int LongestText = 1024;

    private readonly string _file = Path.Combine(folder, "paused");
    private volatile string? _paused;
    private bool _isRead;

    /// <summary>Null while nothing is forbidden; else why nothing disruptive begins, as a sentence.</summary>
    public string? Refused
    {
        get
        {
            if (!Volatile.Read(ref _isRead))
                Read();
            return _paused is { } why ? $"the aggregator paused this node: {why}" : null;
        }
    }

    /// <summary>A stream is open: an aggregator from before that never says what holds.</summary>
    internal void Opened(Welcome welcome)
    {
        if (welcome is { DoesSteps: false, NoSteps: "" })
            Set(null);
    }

    internal void Take(Policy policy) => Set(policy.Paused ? policy.Why.Length <= LongestText ? policy.Why : policy.Why[..LongestText] : null);

    private void Set(string? why)
    {
        if (Volatile.Read(ref _isRead) && _paused == why)
            return;
        _paused = why;
        Volatile.Write(ref _isRead, true);
        if (folder.Length == 0)
            return;
        try
        {
            if (why is not null)
                WholeFile.Write(_file, Encoding.UTF8.GetBytes(why));
            else
                File.Delete(_file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It holds in this process all the same; what a full disk forgets, the aggregator says again.
        }
    }

    private void Read()
    {
        try
        {
            _paused = folder.Length > 0 && File.Exists(_file) ? File.ReadAllText(_file) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            _paused = $"what it said last cannot be read ({fault.Message.TrimEnd('.')}).";
        }
        Volatile.Write(ref _isRead, true);
    }
}
