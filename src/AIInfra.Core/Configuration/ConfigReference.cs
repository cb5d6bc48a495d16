namespace AIInfra.Core.Configuration;

/// <summary>Writes the reference page of all settings.</summary>
public static class ConfigReference
{
    /// <summary>Markdown: a table for each section, in the order of the schema.</summary>
    public static void Write(ConfigSchema schema, TextWriter output)
    {
        foreach (var section in schema.Keys.GroupBy(key => key.Path.Split('.')[0]))
        {
            output.WriteLine($"## {section.Key}\n\n| key | must be | default | what it does |\n|---|---|---|---|");
            foreach (var key in section)
                output.WriteLine($"| `{key.Path}` | {key.Form.Replace("|", "\\|", StringComparison.Ordinal)} | `{key.DefaultText}` | {key.Help} |");
            output.WriteLine();
        }
    }
}
