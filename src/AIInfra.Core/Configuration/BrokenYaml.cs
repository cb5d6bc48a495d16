using YamlDotNet.Core;

namespace AIInfra.Core.Configuration;

/// <summary>What YamlDotNet's parser says to a text that is not YAML: its own exception, and others for some broken tags, keys and document marks.</summary>
public static class BrokenYaml
{
    public static bool IsTold(Exception fault) => fault is YamlException or ArgumentException or InvalidOperationException or EndOfStreamException;
}
