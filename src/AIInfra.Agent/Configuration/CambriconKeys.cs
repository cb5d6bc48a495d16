using System.Collections.Immutable;
using AIInfra.Core.Configuration;
using AIInfra.Vendors.Cambricon;

namespace AIInfra.Agent.Configuration;

/// <summary>The settings of MLUs beside those that every vendor with a library has: the flags of Cambricon's device plugin, by its words.</summary>
internal static class CambriconKeys
{
    private const string MakesNone = "instances are offered as they are found and none is made for a pod: make them beforehand and set auto, or keep Cambricon's own plugin for it.";

    public static readonly LibraryVendorKeys Common = new("cambricon", "libcndev.so", "File name or path of CNDEV.");
    public static readonly ConfigKey<string> Mode = ConfigForm.Choice("vendors.cambricon.mode", ["auto", "mim", "default", "topology-aware", "env-share", "dynamic-smlu"], "auto",
        "auto, mim: what is there, whole MLUs and instances; default, topology-aware: whole MLUs only; env-share: each whole MLU several times; dynamic-smlu is refused.")
        .Refusing(mode => mode == "dynamic-smlu" ? MakesNone : null);
    public static readonly ConfigKey<int> Shares = ConfigForm.Number("vendors.cambricon.virtualizationNum", 1, 1000, 1, "How often each MLU is offered with mode env-share.");
    public static readonly ConfigKey<string> LinkPolicy = ConfigForm.Choice("vendors.cambricon.mlulinkPolicy", ["best-effort", "guaranteed", "restricted"], "best-effort",
        "MLUs of one container form as many MLU-Link rings as they can; guaranteed: one at least, else the container is refused; restricted: 2 MLUs two, 4 MLUs four.");
    public static readonly ConfigKey<string> Naming = ConfigForm.Choice("vendors.cambricon.namingStrategy", ["mlu", "model"], "mlu", "mlu: cambricon.com/mlu; model: by the model, as in cambricon.com/mlu370.");
    public static readonly ConfigKey<bool> RealCounts = ConfigForm.Flag("vendors.cambricon.realCounts", false, "Also offer cambricon.com/real-mlu-counts, which schedulers count by; no container gets anything by it.");
    public static readonly ConfigKey<string> Injection = ConfigForm.Choice("vendors.cambricon.injection", ["nodes", "runtime", "cdi"], "nodes", "How a container gets its MLUs; runtime: by the variable that Cambricon's container runtime reads.");
    public static readonly ConfigKey<bool> MountRpmsg = ConfigForm.Flag("vendors.cambricon.mountRpmsg", false, "Mount /dev/cambricon as well.");
    public static readonly ConfigKey<bool> Console = ConfigForm.Flag("vendors.cambricon.enableConsole", false, "Give the console's node /dev/ttyMSN as well.");
    public static readonly ConfigKey<string> ToolPath = ConfigForm.Text("vendors.cambricon.cnmonPath", "", "Path of cnmon on the host, to be mounted read-only into containers; empty: not.");
    public static readonly ConfigKey<ImmutableArray<string>> ResetCommand = ConfigForm.TextList("vendors.cambricon.resetCommand", [],
        "Program and arguments that reset one MLU, from the manual of your driver's cnmon; {card} is the card's number. Empty: the library resets them, where it has a call for it.");

    public static ImmutableArray<ConfigKey> Own { get; } = [Mode, Shares, LinkPolicy, Naming, RealCounts, Injection, MountRpmsg, Console, ToolPath, ResetCommand];

    public static CambriconOptions Options(Config config) => new()
    {
        Mode = config.Get(Mode) switch { "default" or "topology-aware" => CambriconMode.Whole, "env-share" => CambriconMode.EnvShare, _ => CambriconMode.AsFound },
        Shares = config.Get(Shares),
        LinkPolicy = config.Get(LinkPolicy) switch { "guaranteed" => MluLinkPolicy.Guaranteed, "restricted" => MluLinkPolicy.Restricted, _ => MluLinkPolicy.BestEffort },
        IsNamedByModel = config.Get(Naming) == "model",
        OffersCounts = config.Get(RealCounts),
        Injection = config.Get(Injection) switch { "runtime" => CambriconInjection.Runtime, "cdi" => CambriconInjection.Cdi, _ => CambriconInjection.Nodes },
        MountsRpmsg = config.Get(MountRpmsg),
        HasConsole = config.Get(Console),
        ToolPath = config.Get(ToolPath),
        ResetCommand = config.Get(ResetCommand),
    };
}
