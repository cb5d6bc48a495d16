using System.Collections.Immutable;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Probes;

/// <summary>A host in a folder, one probe that looks at it, and what it makes of it.</summary>
internal sealed class ProbeTree : IDisposable
{
    private readonly ProbeChildren _children;
    private ProbeTracker? _tracker;
    private ProbeRunner? _runner;

    public ProbeTree()
    {
        Root = Directory.CreateTempSubdirectory("probe-").FullName;
        _children = new ProbeChildren(new VendorHostLauncher("/nowhere/agent", []), Time);
        Health = new HealthBoard(Time, "boot", []);
        Parts = new ProbeParts { Host = new HostPaths { Root = Root }, Time = Time, Children = _children };
    }

    public string Root { get; }
    public ManualTime Time { get; } = new();
    public HealthBoard Health { get; }
    public ProbeParts Parts { get; init; }
    public ImmutableDictionary<string, int> Limits { get; init; } = ImmutableDictionary<string, int>.Empty;

    public void Write(string path, string text)
    {
        var file = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }

    public void Delete(string path) => File.Delete(Path.Combine(Root, path));

    public Problem? Standing(string id) => Health.Current.Value.Problems.SingleOrDefault(problem => problem.Id == id);

    /// <summary>Looks so many times, a minute apart.</summary>
    public ProbeReport Look(ProbeDefinition definition, int times = 1, Func<ProbeParts, Probe>? create = null)
    {
        if (_runner is null)
        {
            var settings = ProbeSettings.DefaultsOf(definition);
            settings = settings with { Limits = settings.Limits.SetItems(Limits) };
            _runner = new ProbeRunner(definition, settings, (create ?? definition.Create)(Parts with { Limits = settings.Limits }), Time);
            _tracker = new ProbeTracker(definition, Health, Time);
        }
        for (; times > 0; times--)
        {
            Time.Advance(TimeSpan.FromMinutes(1));
            var report = _runner.RunAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken).GetAwaiter().GetResult();
            Assert.False(report.IsBroken, report.Detail);
            _tracker!.Take(report);
        }
        return _runner.Report;
    }

    public void Dispose()
    {
        _runner?.Dispose();
        _children.Dispose();
        Health.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
