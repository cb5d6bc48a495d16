using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Probes;

/// <summary>A host's folder to which a test writes what sysfs and others would show, and a probe that looks at it.</summary>
internal sealed class ProbedHost : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("probe-");
    private readonly ProbeChildren _children;
    private readonly ProbeDefinition _definition;
    private Probe? _probe;

    public ProbedHost(ProbeDefinition definition)
    {
        _definition = definition;
        _children = new ProbeChildren(new VendorHostLauncher("/bin/false", []), Time);
    }

    public ManualTime Time { get; } = new();
    public InventoryBoard Inventory { get; } = new();
    public SampleBoard Samples { get; } = new();
    public ImmutableDictionary<string, int> Limits { get; set; } = ImmutableDictionary<string, int>.Empty;
    public string Kubelet => Combine("var/lib/kubelet");

    public string Combine(string path) => Path.Combine(_folder.FullName, path);

    public void Write(string path, string text = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Combine(path))!);
        File.WriteAllText(Combine(path), text);
    }

    public void Link(string path, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Combine(path))!);
        File.CreateSymbolicLink(Combine(path), target);
    }

    public void Delete(string path) => File.Delete(Combine(path));

    /// <summary>A PCI function below its ports, the root port first.</summary>
    public void WritePci(string[] path, string kind, string link, string max)
    {
        var folder = $"sys/devices/pci0000:00/{string.Join('/', path)}";
        Write($"{folder}/class", kind);
        Write($"{folder}/vendor", "0x10de");
        Write($"{folder}/device", "0x2330");
        foreach (var (name, text) in new[] { ("current", link), ("max", max) })
        {
            Write($"{folder}/{name}_link_speed", text.Split(" x")[0]);
            Write($"{folder}/{name}_link_width", text.Split(" x")[1]);
        }
        if (!Path.Exists(Combine($"sys/bus/pci/devices/{path[^1]}")))
            Link($"sys/bus/pci/devices/{path[^1]}", $"../../../devices/pci0000:00/{string.Join('/', path)}");
    }

    public async Task<ProbeRound> LookAsync()
    {
        _probe ??= _definition.Create(new ProbeParts
        {
            Host = new HostPaths { Root = _folder.FullName },
            Time = Time,
            Children = _children,
            Inventory = Inventory,
            Samples = Samples,
            KubeletRoots = [Kubelet],
            Limits = ProbeSettings.DefaultsOf(_definition).Limits.SetItems(Limits),
        });
        var round = await _probe.LookAsync(TestContext.Current.CancellationToken);
        Assert.All(round.Results, result => Assert.Contains(result.ProblemId, _definition.Problems));
        return round;
    }

    /// <summary>What is bad now, as <c>id on subject</c>.</summary>
    public async Task<IReadOnlyList<string>> BadAsync() =>
        [.. (await LookAsync()).Results.Where(result => result.Answer == ProbeAnswer.Problem).Select(result => $"{result.ProblemId} on {result.Subject}")];

    public void Dispose()
    {
        (_probe as IDisposable)?.Dispose();
        _children.Dispose();
        _folder.Delete(recursive: true);
    }
}
