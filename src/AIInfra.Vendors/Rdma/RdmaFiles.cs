using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Rdma;

/// <summary>The open files of an RDMA device or of one of its ports.</summary>
internal sealed class RdmaFiles : IDeviceFiles
{
    private const double Active = 4;
    private const double BytesPerGigabit = 125e6;

    private static readonly int Ports = RdmaFields.Table["ports"], PortsActive = RdmaFields.Table["ports_active"], PortsUsed = RdmaFields.Table["ports_used"],
        State = RdmaFields.Table["state_id"], PhysicalState = RdmaFields.Table["physical_state_id"], Rate = RdmaFields.Table["rate_bytes_per_second"],
        FirstCounter = RdmaFields.Table[RdmaFields.Counters[0].Field];

    private readonly string _folder;
    private readonly ImmutableArray<(KernelFile State, KernelFile Downed, KernelFile Received)> _ports;
    private readonly KernelFile? _physicalState, _rate;
    private readonly ImmutableArray<KernelFile> _counters = [];
    private readonly bool _isBoard;

    public RdmaFiles(KernelTree sys, string folder, ImmutableArray<int> ports, bool isPort, bool isBoard)
    {
        (_folder, _isBoard) = (folder, isBoard);
        KernelFile Open(int port, string file) => KernelFile.Open(sys.Here($"{folder}/ports/{port}/{file}"));
        _ports = [.. ports.Select(port => (Open(port, "state"), Open(port, "counters/link_downed"), Open(port, "counters/port_rcv_data")))];
        if (!isPort)
            return;
        (_physicalState, _rate) = (Open(ports[0], "phys_state"), Open(ports[0], "rate"));
        _counters = [.. RdmaFields.Counters.Select(counter => Open(ports[0], counter.File))];
    }

    public void Read(Span<Reading> readings)
    {
        var (active, used, isKnown, first) = (0, 0, false, Reading.Absent);
        for (var port = 0; port < _ports.Length; port++)
        {
            var state = _ports[port].State.ReadNumber();
            isKnown |= state.IsPresent;
            if (port == 0)
                first = state;
            active += state is { IsPresent: true, Value: Active } ? 1 : 0;
            used += state is { IsPresent: true, Value: Active } || IsAboveZero(_ports[port].Downed) || IsAboveZero(_ports[port].Received) ? 1 : 0;
        }
        if (!isKnown)
            throw new VendorException($"{_folder}/ports/*/state", 5, VendorFault.Transient, $"no port of {_folder} tells its state; its driver is being loaded or taken away, or the card does not answer");
        if (_isBoard)
            (readings[Ports], readings[PortsActive], readings[PortsUsed]) = (Reading.Of(_ports.Length), Reading.Of(active), Reading.Of(used));
        if (_rate is null)
            return;
        (readings[State], readings[PhysicalState], readings[Rate]) = (first, _physicalState!.ReadNumber(), _rate.ReadNumber(BytesPerGigabit));
        for (var counter = 0; counter < _counters.Length; counter++)
            readings[FirstCounter + counter] = _counters[counter].ReadNumber(RdmaFields.Counters[counter].Scale);
    }

    private static bool IsAboveZero(KernelFile file) => file.ReadNumber() is { IsPresent: true, Value: > 0 };

    public void Dispose()
    {
        foreach (var (state, downed, received) in _ports)
        {
            state.Dispose();
            downed.Dispose();
            received.Dispose();
        }
        _physicalState?.Dispose();
        _rate?.Dispose();
        foreach (var counter in _counters)
            counter.Dispose();
    }
}
