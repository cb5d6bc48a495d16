namespace AIInfra.Agent;

internal static class ProgramInfo
{
    /// <summary>As in <c>Directory.Build.props</c>: <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(ProgramInfo).Assembly.GetName().Version!.ToString(3);
}

/// <summary>What the program's exit status says (sysexits.h). Part of the interface; docs/operations.md lists them.</summary>
internal static class ExitStatus
{
    public const int Ok = 0;
    /// <summary>Of <c>diag</c>: the node is not fit for work.</summary>
    public const int Unfit = 1;
    /// <summary>Of <c>diag</c>: whether the node is fit is not known, because a check gave no answer.</summary>
    public const int NotKnown = 2;
    public const int Usage = 64;
    /// <summary>The daemon was asked to change something and did not: it says why.</summary>
    public const int NotDone = 65;
    /// <summary>A file that was named cannot be read.</summary>
    public const int NoInput = 66;
    /// <summary>No daemon answers, or the simulators are not installed.</summary>
    public const int Unavailable = 69;
    public const int Software = 70;
    /// <summary>A folder that the daemon cannot do without cannot be made.</summary>
    public const int CannotCreate = 73;
    /// <summary>Another daemon runs on the same folders.</summary>
    public const int AlreadyRunning = 75;
    /// <summary>The configuration has errors: starting again without an edit cannot help.</summary>
    public const int Config = 78;
    /// <summary>Broken off by Ctrl-C: 128 and SIGINT, as shells have it.</summary>
    public const int BrokenOff = 130;
}
