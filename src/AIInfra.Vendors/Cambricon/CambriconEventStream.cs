using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>The <see cref="VendorEvent.Kind"/> words of this vendor.</summary>
internal static class CambriconEvent
{
    /// <summary>The value is the Xid, all of its 64 bits.</summary>
    public const string Xid = "xid";
}

/// <summary>One event handle for all boards of one opened library. Boards are added from any thread; they are registered by the thread that
/// waits, so that no call of ours ever stands behind a wait inside the driver.</summary>
internal sealed class CambriconEventStream(CndevLibrary cndev, int boards, TimeProvider time) : IDisposable
{
    /// <summary>Length of a wait while boards are still to come: events before a registration are not kept. One that hangs never comes, so only for a while.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(200), AllComeWithin = TimeSpan.FromMinutes(1);
    /// <summary>Longest stay inside the driver: a board that is added later waits so long for its events.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<(CndevDevice Device, string Id)> _added = new();
    private readonly ConcurrentDictionary<CndevDevice, string> _registered = new();
    private readonly ConcurrentDictionary<string, Reading> _last = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Board, uint Instance), string> _instances = new();
    private readonly SemaphoreSlim _addedAny = new(0);
    private readonly long _created = time.GetTimestamp();
    private CndevLibrary.EventHandle? _handle;
    private bool _isClosed;

    /// <summary>The last Xid of a board: 0 before the first; unknown until it is listened to; absent where there are no events.</summary>
    public Reading LastXid(string id) => _last.GetValueOrDefault(id, Reading.Unknown);

    /// <summary>The same of an instance: what is listened to is its board.</summary>
    public Reading LastXid(string id, string boardId) => _last.TryGetValue(id, out var seen) ? seen : LastXid(boardId) is { IsPresent: true } ? Reading.Of(0) : LastXid(boardId);

    /// <summary>Asks for a board's events; does nothing when they are had already. Never blocks.</summary>
    public void Add(CndevDevice device, string id)
    {
        if (_registered.TryGetValue(device, out var known) && known == id)
            return;
        _added.Enqueue((device, id));
        _addedAny.Release();
    }

    /// <summary>Which device an instance number of a board is.</summary>
    public void Name(string board, uint instance, string id) => _instances[(board, instance)] = id;

    /// <summary>See <see cref="IVendorLibrary.WaitEvent"/>. One board's refusal leaves the others'.</summary>
    public bool Wait(TimeSpan atMost, [NotNullWhen(true)] out VendorEvent? happened)
    {
        lock (_gate)
        {
            for (var started = time.GetTimestamp(); ;)
            {
                happened = null;
                var left = atMost - time.GetElapsedTime(started);
                if (_isClosed || left < TimeSpan.FromMilliseconds(1))
                    return false;
                RegisterAdded_NeedsLock();
                if (_handle is null || _registered.IsEmpty)
                    _addedAny.Wait(left);
                else if ((happened = WaitOnce_NeedsLock(_handle, left < Longest ? left : Longest)) is not null)
                    return true;
            }
        }
    }

    /// <summary>Returns after a wait that is under way. The library may be released after it.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isClosed, true);
        _addedAny.Release();
        lock (_gate)
        {
            _handle?.Dispose();
            _handle = null;
        }
    }

    private TimeSpan Longest => _registered.Count < boards && time.GetElapsedTime(_created) < AllComeWithin ? ShortWait : LongWait;

    private VendorEvent? WaitOnce_NeedsLock(CndevLibrary.EventHandle handle, TimeSpan atMost)
    {
        var started = time.GetTimestamp();
        if (handle.Wait(atMost) is { } one)
            return Translate(one);
        if (time.GetElapsedTime(started) < atMost / 2)
            _addedAny.Wait(ShortWait); // it came back early: not in circles
        return null;
    }

    private VendorEvent Translate(CndevEvent one)
    {
        var board = _registered.GetValueOrDefault(one.Device);
        var id = board is not null && one.Instance is { } instance && _instances.TryGetValue((board, instance), out var part) ? part : board;
        if (board is not null)
            _last[board] = Reading.Of(one.Xid);
        if (id is not null)
            _last[id] = Reading.Of(one.Xid);
        return new VendorEvent(id, CambriconEvent.Xid, unchecked((long)one.Xid), one.Instance is { } number ? string.Create(CultureInfo.InvariantCulture, $"instance {number}") : null);
    }

    private void RegisterAdded_NeedsLock()
    {
        while (_added.TryDequeue(out var board))
        {
            try
            {
                _handle ??= cndev.CreateEventHandle();
                if (_handle is null || !_handle.Register(board.Device))
                {
                    _last.TryAdd(board.Id, Reading.Absent);
                    continue;
                }
                _registered[board.Device] = board.Id;
                _last.AddOrUpdate(board.Id, Reading.Of(0), (_, last) => last.IsPresent ? last : Reading.Of(0));
            }
            catch (VendorException)
            {
                _registered.TryRemove(board.Device, out _); // the next round that reads the board adds it again
            }
        }
    }
}
