using System.Collections.Immutable;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Hosting;

namespace AIInfra.Core.Toolkits;

/// <summary>A driver, toolkit or library that is installed on the host, as one of its files says.</summary>
/// <param name="Name"><c>cuda</c>, <c>rocm</c>, …; of one name there may be several.</param>
/// <param name="Version">Outside input, made of letters, digits, dots, dashes and plus signs.</param>
/// <param name="Path">The file, on the host.</param>
public sealed record Toolkit(string Name, string Version, string Path);

/// <summary>One look at the host's toolkits. Immutable.</summary>
/// <param name="All">By name, then version, the highest first.</param>
public sealed record ToolkitLook(ImmutableArray<Toolkit> All);

/// <summary>The newest look; empty before the first.</summary>
public sealed class ToolkitBoard
{
    public Latest<ToolkitLook> Current { get; } = new(new ToolkitLook([]));

    /// <summary>What is as before is not published anew.</summary>
    public void Publish(ImmutableArray<Toolkit> found)
    {
        if (!Current.Value.All.SequenceEqual(found))
            Current.Publish(new ToolkitLook(found));
    }
}

/// <summary>Judges whether what is installed fits together. Pure but for what it tells the board; called after each look, and when the devices are others.</summary>
public interface IToolkitRules
{
    void OnFound(ImmutableArray<Toolkit> toolkits, NodeInventory inventory, DateTimeOffset at, HealthBoard board);
}

/// <summary>1.10 is higher than 1.9; a part that is no number counts by its leading digits, then as text.</summary>
public static class ToolkitVersions
{
    public static Comparer<string> ByHeight { get; } = Comparer<string>.Create(Compare);

    /// <summary>The first number of a version; null when it begins with none.</summary>
    public static int? MajorOf(string version) => Number(version.Split('.')[0]);

    private static int Compare(string one, string other)
    {
        var (left, right) = (one.Split('.', '-'), other.Split('.', '-'));
        for (var part = 0; part < Math.Max(left.Length, right.Length); part++)
        {
            if (part >= left.Length || part >= right.Length)
                return left.Length.CompareTo(right.Length);
            var order = (Number(left[part]) ?? -1).CompareTo(Number(right[part]) ?? -1);
            if (order == 0)
                order = string.CompareOrdinal(left[part].TrimStart('0'), right[part].TrimStart('0'));
            if (order != 0)
                return order;
        }
        return 0;
    }

    private static int? Number(string part)
    {
        var digits = part.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? part.AsSpan(0, end) : part;
        return int.TryParse(digits, out var number) ? number : null;
    }
}
