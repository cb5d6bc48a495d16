using AIInfra.Linux.Processes;

namespace AIInfra.Linux.Files;

/// <summary>The rights that files get which this process makes.</summary>
public static class FileMask
{
    /// <summary>From now on files and folders are their owner's alone, unless they are given a mode by name: databases, locks and sockets, also in a folder that somebody else made.</summary>
    public static void OwnerOnly() => _ = Libc.SetMask(0b000_111_111);
}
