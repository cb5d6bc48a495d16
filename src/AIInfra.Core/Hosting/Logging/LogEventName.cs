using Microsoft.Extensions.Logging;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>The stable name of a log message, as docs/logs.md lists it: the class that says it and what it says, as in <c>MetricsServer.Serving</c>.</summary>
internal static class LogEventName
{
    /// <summary>A declaration's own name holds a dot and is taken as it is. Others are named after their method, without <c>Log</c>, and the category's last part.</summary>
    /// <param name="category">The full name of a class.</param>
    public static string Of(string category, EventId id) => id.Name switch
    {
        { } name when name.Contains('.', StringComparison.Ordinal) => name,
        null or "" => Short(category),
        { } name => $"{Short(category)}.{(name.Length > 3 && name.StartsWith("Log", StringComparison.Ordinal) ? name[3..] : name)}",
    };

    private static string Short(string category) => category[(category.LastIndexOf('.') + 1)..];
}
