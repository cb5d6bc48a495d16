namespace AIInfra.Core.Sharing;

/// <summary>What the kubelet takes as the name of an extended resource, and as the id of one of its units.</summary>
/// <remarks>Source: kubernetes pkg/apis/core/v1/helper, 1.36: the name must stay a qualified name with <c>requests.</c> put in front.</remarks>
public static class ResourceName
{
    private const string QuotaPrefix = "requests.";
    private const int LongestDomain = 253, LongestName = 63, LongestLabel = 63, LongestId = 63;

    /// <summary>What is wrong with a name, as the end of the sentence "X is not a resource name: ..."; null when it is fine.</summary>
    public static string? Fault(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0)
            return "it needs a domain and a slash, as in vendor.com/gpu";
        var (domain, local) = (name[..slash], name[(slash + 1)..]);
        if (name.Contains("kubernetes.io/", StringComparison.Ordinal))
            return "kubernetes.io is Kubernetes' own domain; use the vendor's";
        if (name.StartsWith(QuotaPrefix, StringComparison.Ordinal))
            return $"it must not begin with {QuotaPrefix}, which quotas put in front of it";
        if (domain.Length is 0 || domain.Length + QuotaPrefix.Length > LongestDomain)
            return $"the part before the slash has {domain.Length} characters; 1 to {LongestDomain - QuotaPrefix.Length} are allowed";
        if (!domain.Split('.').All(IsLabel))
            return "the part before the slash must be a lower-case DNS name, as in vendor.com";
        if (local.Length is 0 or > LongestName)
            return $"the part after the slash has {local.Length} characters; 1 to {LongestName} are allowed";
        if (!local.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.')
            || !char.IsAsciiLetterOrDigit(local[0]) || !char.IsAsciiLetterOrDigit(local[^1]))
            return "the part after the slash may have letters, digits, '-', '_' and '.', and begins and ends with a letter or digit";
        return null;
    }

    /// <summary>What is wrong with a unit's id; null when it is fine.</summary>
    public static string? FaultOfId(string id) =>
        id.Length is 0 or > LongestId ? $"its id has {id.Length} characters; the kubelet's contract allows 1 to {LongestId}" : null;

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= LongestLabel && label[0] != '-' && label[^1] != '-'
        && label.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}
