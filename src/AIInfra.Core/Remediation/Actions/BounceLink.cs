using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.State;

namespace AIInfra.Core.Remediation.Actions;

/// <summary><c>bounce-link</c>: takes the network interface of an RDMA port down and up again, so that both ends train the link anew. Every queue pair on the port ends, and work with it.</summary>
/// <remarks>Only on Ethernet (RoCE): the state of an InfiniBand port is not its interface's. Source: sysfs-class-net of the kernel's documentation, <c>flags</c>; bit 0 is IFF_UP of linux/if.h.</remarks>
internal sealed class BounceLink(HostHands hands, TimeProvider time) : IRemediationAction
{
    private const long Up = 1;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    public string Name => "bounce-link";
    public bool IsDisruptive => true;

    public string? Refuse(ImmutableArray<string> arguments) => arguments.IsEmpty ? null : "are none: the port is the problem's";

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        if (hands.Refusal is { } refusal)
            return Task.FromResult(Preparation.NotPossible(refusal));
        var (link, whyNot) = Find(planned.Subject);
        return Task.FromResult(link is null ? Preparation.NotPossible(whyNot)
            : Flags(link) is not { } flags ? Preparation.NotPossible($"{FileOf(link)} cannot be read.")
            : (flags & Up) == 0 ? Preparation.NotPossible($"{link} is down, and whoever took it down can bring it up.")
            : new Preparation(null, [], new ActionProof(ProofKind.Level, "up"), [link]));
    }

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (link, whyNot) = Find(planned.Subject);
        if (link is null || Flags(link) is not { } flags)
            return ActionResult.NotPossible(link is null ? whyNot : $"{FileOf(link)} cannot be read.");
        try
        {
            await DiskThread.RunAsync(() => hands.Write(FileOf(link), Text(flags & ~Up))).WaitAsync(cancellationToken);
            await Task.Delay(Pause, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // It is brought up all the same.
        }
        catch (IOException fault)
        {
            return ActionResult.Failed($"{link} could not be taken down: {fault.Message}");
        }
        return await BringUpAsync(link, flags) is { } trouble ? ActionResult.Failed($"{link} was taken down and could not be brought up: {trouble}") : ActionResult.Done($"{link} was taken down and up again.");
    }

    /// <summary>One that was left down is brought up.</summary>
    public async Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var (link, whyNot) = Find(planned.Subject);
        if (link is null || Flags(link) is not { } flags)
            return ActionResult.Unknown(link is null ? whyNot : $"{FileOf(link)} cannot be read.");
        if ((flags & Up) != 0)
            return ActionResult.Failed($"{link} is up, and whether it was taken down is not known.");
        return await BringUpAsync(link, flags) is { } trouble ? ActionResult.Unknown($"{link} was left down: {trouble}") : ActionResult.Done($"{link} had been taken down, and was brought up after the restart of the agent.");
    }

    /// <summary>Null, or what went wrong.</summary>
    private async Task<string?> BringUpAsync(string link, long flags)
    {
        try
        {
            await DiskThread.RunAsync(() => hands.Write(FileOf(link), Text(flags | Up)));
            return null;
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    /// <summary>The interface of the port, or why none may be touched.</summary>
    private (string? Link, string WhyNot) Find(Subject subject)
    {
        if (subject.Kind != SubjectKind.Port || subject.Id.Split(": Port: ") is not [var device, var number] || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || device.Contains('/'))
            return (null, $"{subject} is no port of an RDMA device.");
        var folder = Path.Combine(hands.Host.Sys, "class/infiniband", device);
        if (HostText.Read(Path.Combine(folder, "ports", number, "link_layer")) is not "Ethernet")
            return (null, $"{subject} is not of Ethernet: its state is the subnet manager's affair.");
        var links = HostText.Names(Path.Combine(folder, "device/net")).ToList();
        var link = links.Count == 1 ? links[0] : links.FirstOrDefault(name => HostText.ReadNumber(Path.Combine(hands.Host.Sys, "class/net", name, "dev_port")) == port - 1);
        if (link is null)
            return (null, $"{subject} has no network interface of its own.");
        if (Routed() is not { } routed)
            return (null, "It cannot be read by which interface the node is reached.");
        var above = new DirectoryInfo(Path.Combine(hands.Host.Sys, "class/net", link, "master"));
        var master = above.Exists ? above.ResolveLinkTarget(returnFinalTarget: false)?.Name : null;
        return routed.Contains(link) || (master is not null && routed.Contains(master)) ? (null, $"{link} carries the node's default route: it would cut the node off.") : (link, "");
    }

    /// <summary>Interfaces with a default route; null when that is not known. The first process's view: it is the host's.</summary>
    private HashSet<string>? Routed()
    {
        if (HostText.Read(Path.Combine(hands.Host.Proc, "1/net/route")) is not { } four)
            return null;
        var six = HostText.Read(Path.Combine(hands.Host.Proc, "1/net/ipv6_route")) ?? "";
        return [.. Rows(four).Where(row => row is [_, "00000000", ..]).Select(row => row[0]), .. Rows(six).Where(row => row is [_, "00", ..] && row[0].All(digit => digit == '0')).Select(row => row[^1])];
    }

    private static IEnumerable<string[]> Rows(string text) => text.Split('\n').Select(line => line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries));

    private string FileOf(string link) => Path.Combine(hands.Host.Sys, "class/net", link, "flags");

    private long? Flags(string link) => HostText.Read(FileOf(link)) is { } text && text.StartsWith("0x", StringComparison.Ordinal)
        && long.TryParse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var flags) ? flags : null;

    private static string Text(long flags) => string.Create(CultureInfo.InvariantCulture, $"0x{flags:x}");
}
