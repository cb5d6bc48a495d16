using System.Collections.Immutable;
using System.Reflection;
using AIInfra.Core.Configuration;

namespace AIInfra.Core.Health.Logs;

/// <summary>Rule packs: a vendor's own, inside the program, and the user's, in the folders of <c>health.rules</c>.</summary>
public static class RulePack
{
    private const int LongestFile = 1 << 20; // bytes
    private const int MostRules = 5000;

    /// <summary>The rules of every <c>*.yaml</c> in the folders, in the order of their names, and all that is wrong with them.</summary>
    /// <param name="folders">One that is not there holds no rules.</param>
    public static (ImmutableArray<LogRule> Rules, ImmutableArray<ConfigError> Errors) ReadFolders(IEnumerable<string> folders)
    {
        var rules = ImmutableArray.CreateBuilder<LogRule>();
        var errors = ImmutableArray.CreateBuilder<ConfigError>();
        foreach (var file in folders.SelectMany(folder => Files(folder, errors)))
        {
            var (read, faults) = ReadFile(file);
            rules.AddRange(read);
            errors.AddRange(faults);
        }
        if (rules.Count > MostRules)
            errors.Add(new ConfigError(new ConfigMark("health.rules", 0, 0), $"the folders hold {rules.Count} rules; there may be {MostRules}."));
        var literals = rules.Sum(rule => rule.Literals.Sum(literal => literal.Length));
        if (literals > LiteralSet.MostBytes / 2)
            errors.Add(new ConfigError(new ConfigMark("health.rules", 0, 0), $"the literals of all rules together have {literals} characters; there may be {LiteralSet.MostBytes / 2}."));
        return (rules.ToImmutable(), errors.ToImmutable());
    }

    /// <summary>A pack that is part of this build.</summary>
    /// <param name="isWhole">With the texts and examples of its rules, and every pattern tried; else what matching needs.</param>
    /// <exception cref="InvalidOperationException">It is missing or wrong: the build is broken.</exception>
    public static ImmutableArray<LogRule> ReadEmbedded(Assembly assembly, string resource, bool isWhole = false)
    {
        using var stream = assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing from this build.");
        using var text = new StreamReader(stream);
        var (rules, errors) = RulePackReader.Read(resource, text.ReadToEnd(), isBuiltIn: !isWhole);
        return errors.IsEmpty ? rules : throw new InvalidOperationException(string.Join(' ', errors));
    }

    /// <summary>All rules that count: the user's, and the built-in ones whose id the user neither raises by a rule of his own nor switches off.</summary>
    public static ImmutableArray<LogRule> Combine(ImmutableArray<LogRule> builtIn, ImmutableArray<LogRule> users)
    {
        var own = users.Where(rule => !rule.IsClear).Select(rule => rule.Id).ToHashSet(StringComparer.Ordinal);
        return [.. builtIn.Where(rule => rule.IsClear || !own.Contains(rule.Id)), .. users.Where(rule => !rule.Disables)];
    }

    private static (ImmutableArray<LogRule> Rules, ImmutableArray<ConfigError> Errors) ReadFile(string path)
    {
        try
        {
            return new FileInfo(path).Length > LongestFile
                ? ([], [new ConfigError(new ConfigMark(path, 0, 0), $"the file is larger than {LongestFile:N0} bytes; is it a rule pack?")])
                : RulePackReader.Read(path, File.ReadAllText(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ([], [new ConfigError(new ConfigMark(path, 0, 0), $"the file cannot be read: {fault.Message}")]);
        }
    }

    private static string[] Files(string folder, ImmutableArray<ConfigError>.Builder errors)
    {
        try
        {
            return Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.yaml").Order(StringComparer.Ordinal)] : [];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigError(new ConfigMark(folder, 0, 0), $"the folder of health.rules cannot be read: {fault.Message}"));
            return [];
        }
    }
}
