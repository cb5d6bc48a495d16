using AIInfra.Core.Hosting;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Where the agent writes what cannot be taken back: the host's /sys and /proc, and asks for a boot.</summary>
/// <param name="isUnderTest">Set by the environment of tests (<c>AIINFRA_TESTING=1</c>): then the host that this process runs on is not touched, only a folder that stands for one.</param>
public sealed class HostHands(HostPaths host, bool isUnderTest)
{
    public static bool IsUnderTest => Environment.GetEnvironmentVariable("AIINFRA_TESTING") == "1";

    public HostPaths Host => host;

    /// <summary>Null, or why nothing destructive may be done here.</summary>
    public string? Refusal => isUnderTest && new[] { (host.Root, "/"), (host.Sys, "/sys"), (host.Proc, "/proc"), (host.Run, "/run") }.Any(pair => IsSame(pair.Item1, pair.Item2))
        ? "This is a test run and the host would be the real one: nothing destructive is done." : null;

    /// <summary>Writes to a file of the kernel's.</summary>
    /// <exception cref="IOException">It is not there, the kernel refuses, or it is the real host's in a test.</exception>
    public void Write(string path, string text)
    {
        if (Refusal is { } refusal)
            throw new IOException(refusal);
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(text));
        }
        catch (UnauthorizedAccessException fault)
        {
            throw new IOException($"{path} cannot be written: {fault.Message}", fault);
        }
    }

    private static bool IsSame(string path, string real) =>
        Path.GetFullPath(path) == real || (FileIdentity.TryRead(path + "/.") is { } one && FileIdentity.TryRead(real + "/.") is { } other && one == other);
}
