namespace AIInfra.Core.State;

/// <summary>The tables of <c>state.db</c>, as they came about.</summary>
internal static class StateSchema
{
    private const string First = """
        CREATE TABLE schema_version (version INTEGER NOT NULL);
        CREATE TABLE problems (id TEXT NOT NULL, subject_kind TEXT NOT NULL, subject TEXT NOT NULL, boot_id TEXT NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (id, subject_kind, subject)) WITHOUT ROWID;
        CREATE TABLE inventories (vendor TEXT NOT NULL PRIMARY KEY, boot_id TEXT NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
        """;

    private const string Second = """
        CREATE TABLE transitions (number INTEGER PRIMARY KEY AUTOINCREMENT, boot_id TEXT NOT NULL, body BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS positions (log TEXT NOT NULL PRIMARY KEY, boot_id TEXT NOT NULL, sequence INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE releases (vendor TEXT NOT NULL PRIMARY KEY, since TEXT NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>What each version added to the one before it, the first one first. Never edited: databases in the field were made by it.</summary>
    public static readonly string[] Steps = [First, Second];
}
