using System.Globalization;

namespace AIInfra.Core.Hosting.Logging;

/// <summary>What a message names: the words in braces of its text, with their values.</summary>
internal static class LogFields
{
    private const string Template = "{OriginalFormat}";

    /// <summary>Empty for a message that names nothing, and for one that was not declared as ours are.</summary>
    public static IEnumerable<KeyValuePair<string, object?>> Of<TState>(TState state) =>
        state is IEnumerable<KeyValuePair<string, object?>> fields ? fields.Where(field => field.Key != Template) : [];

    public static string Text(object? value) => value switch
    {
        null => "",
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
