using AIInfra.Linux.Files;

namespace AIInfra.Core.Health.Probes;

/// <summary>The questions that <c>probe-host</c> can ask: each blocks as long as it takes and answers with one line.</summary>
public static class ProbeChecks
{
    /// <summary>statfs(2) of a mounted folder, answered by the file system itself: <c>ok</c>, or <c>error NUMBER TEXT</c>.</summary>
    public const string Mount = "mount";

    public static IReadOnlyCollection<string> Names => [Mount];

    internal static Func<string, string>? Find(string name) => name switch
    {
        Mount => AskMount,
        _ => null,
    };

    private static string AskMount(string folder)
    {
        var error = FileSystem.Ask(folder, out var use);
        return error == 0 ? FormattableString.Invariant($"ok {use.BlockBytes} {use.Blocks} {use.Available} {use.Files} {use.FilesFree}") : $"error {error} {FileSystem.Text(error)}";
    }
}
