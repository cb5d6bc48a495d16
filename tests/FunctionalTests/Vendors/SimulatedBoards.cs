using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors.Nvidia;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>What the tests on simulated boards share: opening, reading, and waiting for what was injected.</summary>
public abstract class SimulatedBoards : IDisposable
{
    private protected static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);
    private protected StringWriter Notes { get; } = new();
    private readonly List<IDisposable> _open = [];

    public void Dispose()
    {
        _open.Reverse();
        _open.ForEach(one => one.Dispose());
    }

    private protected void Keep(IDisposable one) => _open.Add(one);

    private protected (NvidiaLibrary Library, LibraryInfo Info, SimulatedNvml Sim) Open(string scenario, string build = "", NvidiaSampling? sampling = null)
    {
        var sim = new SimulatedNvml(scenario, build);
        var library = new NvidiaLibrary(TimeProvider.System, Notes, sampling);
        _open.AddRange([sim, library]);
        return (library, library.Open(sim.Library), sim);
    }

    private protected static Device[] DescribeAll(NvidiaLibrary library, int count) => [.. Enumerable.Range(0, count).Select(library.Describe)];

    private protected static Reading[] Sample(NvidiaLibrary library, int index)
    {
        var readings = new Reading[library.Fields.Count];
        library.Sample(index, readings);
        return readings;
    }

    /// <summary>The simulator looks at its scenario every 2 ms: what was injected shows a moment later.</summary>
    private protected static Reading[] SampleUntil(NvidiaLibrary library, int index, Func<Reading[], bool> isThere)
    {
        Reading[] readings = [];
        Until(() => Try(() => readings = Sample(library, index), out _) is null && isThere(readings));
        return readings;
    }

    private protected static VendorException FaultOf(NvidiaLibrary library, int index)
    {
        VendorException? fault = null;
        Until(() => (fault = Try(() => Sample(library, index), out _)) is not null);
        return fault!;
    }

    private protected static VendorException? Try<T>(Func<T> call, out T? result)
    {
        try
        {
            result = call();
            return null;
        }
        catch (VendorException fault)
        {
            result = default;
            return fault;
        }
    }

    private protected static void Until(Func<bool> isThere) => Assert.True(SpinWait.SpinUntil(isThere, Deadline), "not in time");

    private protected static double Value(Reading[] readings, string field)
    {
        Assert.Equal((field, ReadingState.Present), (field, readings[NvidiaFields.Table[field]].State));
        return readings[NvidiaFields.Table[field]].Value;
    }

    private protected static VendorEvent NextEvent(NvidiaLibrary library)
    {
        Assert.True(library.WaitEvent(Deadline, out var happened));
        return happened;
    }

    /// <summary>A fault may come with other events, before or after its Xid.</summary>
    private protected static List<VendorEvent> EventsUntilXid(NvidiaLibrary library)
    {
        List<VendorEvent> events = [];
        while (!events.Any(one => one.Kind == "xid"))
            events.Add(NextEvent(library));
        return events;
    }
}
