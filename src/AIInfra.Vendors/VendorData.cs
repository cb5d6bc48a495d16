namespace AIInfra.Vendors;

/// <summary>The tables inside the program: tab separated, the first line is the head.</summary>
internal static class VendorData
{
    /// <summary>The lines after the head.</summary>
    /// <exception cref="InvalidOperationException">The resource is missing: the build is broken.</exception>
    public static IReadOnlyList<string> Lines(string resource) => [.. Text(resource).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)];

    public static string Text(string resource)
    {
        using var stream = typeof(VendorData).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"The resource {resource} is missing from this build.");
        using var text = new StreamReader(stream);
        return text.ReadToEnd();
    }
}
