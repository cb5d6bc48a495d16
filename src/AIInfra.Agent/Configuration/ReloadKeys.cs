using AIInfra.Core.Configuration;

namespace AIInfra.Agent.Configuration;

/// <summary>Keys of taking over a changed configuration: <c>reload</c>.</summary>
internal static class ReloadKeys
{
    public static readonly ConfigKey<bool> OnChange = ConfigForm.Flag("reload.onChange", false,
        "Take over a changed configuration by itself, within ten seconds: the file and what it names. Off: on SIGHUP alone (systemctl reload). A wrong one is said and changes nothing.");

    public static ConfigKey[] All { get; } = [OnChange];
}
