using System.Collections.Immutable;

namespace AIInfra.Core.Configuration;

/// <summary>Where a setting was found.</summary>
/// <param name="Source">A file's path, or <c>environment</c>.</param>
/// <param name="Line">From 1; 0 when the source has no lines.</param>
/// <param name="Column">From 1; 0 when the source has no lines.</param>
public readonly record struct ConfigMark(string Source, int Line, int Column)
{
    public override string ToString() => Line == 0 ? Source : $"{Source}:{Line}:{Column}";
}

/// <summary>One setting as it was written: a scalar, or a list of scalars.</summary>
/// <param name="Path">Full key: <c>kubelet.root</c>; in the spelling of its source.</param>
/// <param name="Scalar">Null for a list.</param>
/// <param name="Items">Empty for a scalar.</param>
/// <param name="KeyMark">Where the key stands.</param>
/// <param name="Mark">Where the value stands.</param>
public sealed record ConfigValue(string Path, string? Scalar, ImmutableArray<string> Items, ConfigMark KeyMark, ConfigMark Mark)
{
    public override string ToString() => Scalar ?? $"[{string.Join(", ", Items)}]";
}

/// <summary>Something wrong in the configuration, as one sentence with its place.</summary>
public sealed record ConfigError(ConfigMark Mark, string Message)
{
    public override string ToString() => $"{Mark}: {Message}";
}
