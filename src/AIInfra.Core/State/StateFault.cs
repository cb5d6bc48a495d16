using Microsoft.Data.Sqlite;

namespace AIInfra.Core.State;

/// <summary>What went wrong with the disk, for a person.</summary>
internal static class StateFault
{
    private const int NoPermission = 3, Busy = 5, Locked = 6, ReadOnly = 8, InputOutput = 10, Full = 13, CannotOpen = 14; // sqlite.org/rescode.html

    /// <summary>The file may be read although it cannot be written, or not be brought to this agent's version.</summary>
    public static bool IsReadOnly(SqliteException fault) => fault.SqliteErrorCode is ReadOnly or NoPermission or CannotOpen or Full;

    /// <summary>One sentence with what, where and what to do; null for a fault that is not the disk's.</summary>
    /// <remarks>The same fault gives the same sentence, so that it can be said once.</remarks>
    /// <param name="file">The database in it.</param>
    public static string? Explain(Exception fault, string folder, string file = "state.db") => fault switch
    {
        SqliteException { SqliteErrorCode: Full } => $"The disk that holds {folder} (state.path) is full: free some space.",
        SqliteException { SqliteErrorCode: ReadOnly or NoPermission } => $"{folder} (state.path) is read-only for the agent: make it writable or set state.path.",
        SqliteException { SqliteErrorCode: CannotOpen } => $"{file} in {folder} (state.path) cannot be opened for writing: make the folder and its file system writable or set state.path.",
        SqliteException { SqliteErrorCode: Busy or Locked } => $"{file} in {folder} (state.path) is locked by another process: end it; a node has one agent.",
        SqliteException { SqliteErrorCode: InputOutput } => $"The disk that holds {folder} (state.path) answers with an I/O error: look into the kernel log, replace it or set state.path.",
        SqliteException other => $"{file} in {folder} (state.path) cannot be written ({other.Message}).",
        UnusableStateException broken => $"{broken.Message}.",
        UnauthorizedAccessException => $"{folder} (state.path) is not the agent's to write: give it the folder or set state.path.",
        IOException other => $"{folder} (state.path) cannot be used ({other.Message}): make it a writable folder or set state.path.",
        _ => null,
    };
}
