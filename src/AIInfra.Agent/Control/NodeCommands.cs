using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.VendorHost;

namespace AIInfra.Agent.Control;

/// <summary>What an operator may change through the control socket.</summary>
internal sealed class NodeCommands(HealthBoard health, InventoryBoard inventory, VendorReleases releases)
{
    /// <summary>A call into the library that is in flight is let finish before its process is ended.</summary>
    public static readonly TimeSpan ReleasePatience = TimeSpan.FromSeconds(60);

    public CommandAnswer Clear(ClearRequest request)
    {
        var standing = health.Current.Value.Problems.Where(problem => problem.Id == request.Problem).ToList();
        var meant = request.On is { } on ? standing.Where(problem => Names(problem.Subject, on)).ToList() : standing;
        var places = standing.Select(problem => $"{problem.Id} on {problem.Subject}").ToList();
        if (standing.Count == 0)
            return new CommandAnswer(false, $"No problem {request.Problem} stands. `aiinfra-agent problems` lists those that do.", []);
        if (meant.Count == 0)
            return new CommandAnswer(false, $"{request.Problem} does not stand on {request.On}, but here:", places);
        if (meant.Count > 1)
            return new CommandAnswer(false, $"{request.Problem} stands on several; nothing was cleared. Name one with --on:", places);
        if (request.Problem == VendorReleases.ProblemId)
            return new CommandAnswer(false, "A release is not cleared but ended: `aiinfra-agent resume VENDOR`.", places);
        var problem = meant[0];
        return health.Clear(problem.Id, problem.Subject)
            ? new CommandAnswer(true, string.Create(CultureInfo.InvariantCulture, $"Cleared {problem.Id} on {problem.Subject}: seen {problem.Count} times, since {problem.FirstSeen.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z."), Remaining(problem.Subject))
            : new CommandAnswer(false, $"{problem.Id} on {problem.Subject} has just ended by itself.", []);
    }

    public async Task<CommandAnswer> ReleaseAsync(string vendor, CancellationToken cancellationToken)
    {
        if (Unknown(vendor) is { } refusal)
            return refusal;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(ReleasePatience);
        try
        {
            var proof = await releases.ReleaseAsync(vendor, patience.Token);
            return Answer(vendor, proof);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CommandAnswer(false, $"{vendor} is released, but was not let go of within {ReleasePatience.TotalSeconds:0} s: a call into its library has not returned. `aiinfra-agent status` shows when it has; do not change the driver before.", []);
        }
    }

    public CommandAnswer Resume(string vendor)
    {
        if (Unknown(vendor) is { } refusal)
            return refusal;
        return releases.Resume(vendor)
            ? new CommandAnswer(true, $"{vendor} is the agent's again. Its devices are offered when they have answered.", [])
            : new CommandAnswer(false, $"{vendor} was not released.", []);
    }

    private static CommandAnswer Answer(string vendor, ReleaseProof proof)
    {
        List<string> details = [.. proof.Ours.Concat(proof.Others).Select(holder => $"held by process {holder.ProcessId} ({holder.Program}): {holder.Node}")];
        if (proof.MoreOthers > 0)
            details.Add($"and {proof.MoreOthers} more are held by other processes");
        if (proof.Unseen > 0)
            details.Add($"{proof.Unseen} processes could not be looked into: run the agent as root to see them");
        if (!proof.Ours.IsEmpty)
            return new CommandAnswer(false, $"{vendor} is released, but a process of the agent is stuck in its driver and holds device nodes: do not change the driver, boot the node.", details);
        var others = proof.Others.IsEmpty ? "" : " Other processes do, and a driver cannot be unloaded before they end:";
        return new CommandAnswer(true, $"{vendor} is released: no process of the agent holds one of its device nodes.{others}", details);
    }

    private CommandAnswer? Unknown(string vendor) => releases.Served.Contains(vendor) ? null
        : new CommandAnswer(false, $"The agent serves no vendor {vendor}. It serves: {(releases.Served.IsEmpty ? "none" : string.Join(", ", releases.Served))}.", []);

    /// <summary>What keeps the subject as it is although one problem went.</summary>
    private List<string> Remaining(Subject subject) =>
        [.. health.Current.Value.Problems.Where(problem => problem.Subject == subject && problem.Severity == Severity.Fatal).Select(problem => $"{subject} stays out of service: {problem.Id} stands")];

    private bool Names(Subject subject, string on)
    {
        if (subject.ToString() == on || (subject.Id.Length > 0 && subject.Id == on))
            return true;
        return subject.Kind == SubjectKind.Device && inventory.Current.Value.Find(subject.Id) is { } device
            && (device.NodeName == on || (device.PciAddress is { } address && address == PciAddress.Normalise(on)));
    }
}
