namespace AIInfra.Aggregator;

internal static class ProgramInfo
{
    /// <summary>As in <c>Directory.Build.props</c>: <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(ProgramInfo).Assembly.GetName().Version!.ToString(3);
}

/// <summary>What the program's exit status says (sysexits.h), as the agent's. Part of the interface; docs/aggregator.md lists them.</summary>
internal static class ExitStatus
{
    public const int Ok = 0;
    public const int Usage = 64;
    /// <summary>What was asked for was not done; it is said why.</summary>
    public const int NotDone = 65;
    /// <summary>The port is taken, or the authority cannot be used.</summary>
    public const int Unavailable = 69;
    /// <summary>A folder that it cannot do without cannot be made.</summary>
    public const int CannotCreate = 73;
    /// <summary>Another aggregator runs on the same folder.</summary>
    public const int AlreadyRunning = 75;
    /// <summary>The configuration has errors: starting again without an edit cannot help.</summary>
    public const int Config = 78;
}
