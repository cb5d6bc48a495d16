using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Ascend;

/// <summary>A fault as the driver tells it.</summary>
/// <param name="LogicId">Of the chip.</param>
/// <param name="Severity">0 warning, 1 minor, 2 major, 3 critical.</param>
/// <param name="Assertion">0 recovered, 1 raised, 2 one-off.</param>
internal readonly record struct DcmiFault(int LogicId, uint Code, int Severity, int Assertion);

// Faults: those that stand, and the driver's telling of those that come and go.
internal sealed unsafe partial class DcmiLibrary
{
    /// <summary>So many codes a call gives at most.</summary>
    public const int MostCodes = 128;

    private const int MostTold = 1024;

    /// <summary>The driver calls back from threads of its own for as long as the process lives, so this is the process's. Full means that the oldest
    /// is given up: what still stands is in the next round's list of codes.</summary>
    private static readonly Channel<DcmiFault> Told = Channel.CreateBounded<DcmiFault>(
        new BoundedChannelOptions(MostTold) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>The codes that stand on a chip.</summary>
    /// <param name="codes">At least <see cref="MostCodes"/> places.</param>
    /// <returns>How many; null when the driver does not say.</returns>
    /// <exception cref="VendorException">The chip is lost.</exception>
    public int? Codes(DcmiChip chip, Span<uint> codes, out ReadingState state)
    {
        int count = -1;
        codes.Clear();
        fixed (uint* list = codes)
            state = DcmiStatus.StateOf(_faults.Codes.On(chip, &count, list, MostCodes), _faults.Codes.Name);
        if (state == ReadingState.Present && (count is < 0 or > MostCodes || codes[..count].Contains(0u)))
            state = ReadingState.Unknown; // success, and a count without codes
        return state == ReadingState.Present ? count : null;
    }

    /// <summary>From here on faults of all chips are told.</summary>
    /// <returns>False when this library has no such function, or the driver refuses it.</returns>
    public bool Subscribe()
    {
        var all = new DcmiChip(-1, -1);
        return _faults.Subscribe.On(all, default, &Happened) == DcmiReturn.Success;
    }

    /// <returns>False when nothing came in time.</returns>
    public static bool TryWait(TimeSpan atMost, out DcmiFault fault)
    {
        if (Told.Reader.TryRead(out fault))
            return true;
        using var patience = new CancellationTokenSource(atMost, TimeProvider.System);
        try
        {
            Told.Reader.WaitToReadAsync(patience.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        return Told.Reader.TryRead(out fault);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Happened(DcmiEvent* happened)
    {
        if (happened is null || happened->Type != 0)
            return;
        var fault = happened->EventT;
        Told.Writer.TryWrite(new DcmiFault(fault.Deviceid, fault.EventId, fault.Severity, fault.Assertion));
    }

    private readonly struct FaultCalls(LibraryExports exports, bool isNewer)
    {
        public readonly DcmiCall Codes = new(exports, isNewer, "dcmi_get_device_errorcode_v2", "dcmiv2_get_device_error_code_list");
        public readonly DcmiCall Subscribe = new(exports, isNewer, "dcmi_subscribe_fault_event", "dcmiv2_subscribe_fault_event");
    }
}
