namespace AIInfra.Core.Remediation.Ladders;

/// <summary>The policy that is there without any file: <c>policy.yaml</c> beside this.</summary>
public static class BuiltInPolicy
{
    private static readonly Lazy<string> Loaded = new(Read);

    public static string Text => Loaded.Value;

    private static string Read()
    {
        using var stream = typeof(BuiltInPolicy).Assembly.GetManifestResourceStream("remediation.policy.yaml")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
