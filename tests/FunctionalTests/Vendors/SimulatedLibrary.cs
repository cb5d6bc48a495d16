using System.Diagnostics;
using System.Runtime.InteropServices;
using AIInfra.Testing;

namespace AIInfra.FunctionalTests.Vendors;

/// <summary>One simulated library of a vendor in this process: a copy of its file, so that each test has its own state, and its scenario.
/// The simulator reads the C environment when it is first called.</summary>
internal partial class SimulatedLibrary : IDisposable
{
    /// <summary>The C environment is one for the process: tests that set it run one after the other.</summary>
    public const string Collection = "simulated libraries";

    private static readonly string Built = Environment.GetEnvironmentVariable("AIINFRA_NATIVE") ?? RepositoryRoot.Combine("out", "native");
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("aiinfra-library-");

    /// <param name="file">Name of the library's file.</param>
    /// <param name="build">Empty for the newest; <c>old</c>, <c>broken</c> and others that the simulators' README lists.</param>
    public SimulatedLibrary(string file, string scenario, string build = "")
    {
        Library = Path.Combine(_folder.FullName, file);
        Scenario = Path.Combine(_folder.FullName, "scenario.txt");
        var source = Path.Combine(Built, build, file);
        Assert.SkipUnless(File.Exists(source), $"{source} is not built; run make native.");
        File.Copy(source, Library);
        File.WriteAllText(Scenario, scenario);
        Assert.Equal(0, SetEnvironment("AIINFRA_SIM_SCENARIO", Scenario, 1));
        Assert.Equal(0, SetEnvironment("AIINFRA_SIM_STATE", _folder.FullName, 1));
    }

    public string Library { get; }
    public string Scenario { get; }

    /// <summary>Lets a timeline command happen now: <c>gpu 3 xid 79</c>.</summary>
    public void Inject(string command)
    {
        using var tool = Process.Start(Path.Combine(Built, "aiinfra-simnode"),
            ["inject", "--scenario", Scenario, "--state", _folder.FullName, .. command.Split(' ')]);
        Assert.True(tool.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, tool.ExitCode);
    }

    public void Dispose()
    {
        _folder.Delete(recursive: true); // the library stays mapped; its file may go
        GC.SuppressFinalize(this);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
