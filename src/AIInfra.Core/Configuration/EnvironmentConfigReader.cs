using System.Collections;
using System.Collections.Immutable;

namespace AIInfra.Core.Configuration;

/// <summary>Reads settings from the environment: <c>AIINFRA_KUBELET__ROOT</c> is <c>kubelet.root</c>. A list is written with commas.</summary>
public static class EnvironmentConfigReader
{
    private const string Prefix = "AIINFRA_";

    /// <param name="variables">Names and values, as <see cref="Environment.GetEnvironmentVariables()"/> gives them. Names of ours without a double underscore are not settings.</param>
    public static ImmutableArray<ConfigValue> Read(IDictionary variables)
    {
        var values = ImmutableArray.CreateBuilder<ConfigValue>();
        foreach (DictionaryEntry variable in variables)
        {
            if (variable is not { Key: string name, Value: string value }
                || !name.StartsWith(Prefix, StringComparison.Ordinal) || !name.Contains("__", StringComparison.Ordinal))
                continue;
            var mark = new ConfigMark($"environment variable {name}", 0, 0);
            values.Add(new ConfigValue(name[Prefix.Length..].Replace("__", ".", StringComparison.Ordinal), value, [], mark, mark));
        }
        values.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return values.ToImmutable();
    }
}
