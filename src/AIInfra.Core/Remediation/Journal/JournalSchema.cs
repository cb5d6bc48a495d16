namespace AIInfra.Core.Remediation.Journal;

/// <summary>The tables of <c>journal.db</c>, as they came about.</summary>
internal static class JournalSchema
{
    private const string First = "CREATE TABLE steps (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, body BLOB NOT NULL);";

    /// <summary>What each version added to the one before it, the first one first. Never edited: databases in the field were made by it.</summary>
    public static readonly string[] Steps = [First];
}
