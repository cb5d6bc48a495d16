using AIInfra.Core.Devices;
using AIInfra.Core.Health;

namespace AIInfra.Core.VendorHost;

/// <summary>What the vendor host itself finds wrong, in words for the engineer on call. The vendor's own faults are its <see cref="IVendorRules"/>' matter.</summary>
/// <param name="isBeside">See <see cref="VendorDefinition.Beside"/>: what is wrong is then wrong with the watching, a unit of its own for each device, and takes no device out.</param>
internal sealed class VendorProblems(string vendor, HealthBoard board, TimeProvider time, bool isBeside = false)
{
    internal const string Crashed = "vendor.crashed", Unanswered = "vendor.unanswered", DeviceHung = "vendor.device-hung", DeviceGone = "vendor.device-gone",
        DeviceMissing = "vendor.device-missing", Released = VendorReleases.ProblemId;

    /// <summary>Long enough to be seen by a person, and for a library that crashes every few minutes to be one problem.</summary>
    private static readonly TimeSpan CrashQuiet = TimeSpan.FromMinutes(30);

    /// <summary>Carries what no device can be named for. One for each vendor, so that one vendor never clears what another one reported.</summary>
    private readonly Subject _host = new(SubjectKind.Unit, $"vendor-host {vendor}");
    private bool _mayBeOnHost = true; // also from before the daemon was started

    /// <summary>The process with the library in it ended.</summary>
    internal void ReportCrash(string how) => Report(
        Crashed, Subject.Node, Severity.Degraded, SuggestedAction.Observe, Clearing.AfterQuiet(CrashQuiet),
        $"The library of {vendor} took its process down: {how}. Readings of its devices are unknown until it is up again; it is started again by itself.", how);

    /// <summary>The vendor as a whole does not answer, for long enough that its devices must not get new work.</summary>
    internal void ReportUnanswered(IEnumerable<Device> devices, string why)
    {
        var message = $"The driver or library of {vendor} does not answer: {why}";
        foreach (var device in devices)
        {
            Report(Unanswered, Of(device), Severity.Fatal, SuggestedAction.Drain, Clearing.OnHealthyReading, message, why);
            EndRelease(device, "it does not answer");
        }
    }

    internal void ReportReleased(IEnumerable<Device> devices, string why)
    {
        foreach (var device in isBeside ? [] : devices)
        {
            Report(Released, Subject.Device(device.Id), Severity.Fatal, SuggestedAction.None, Clearing.OnHealthyReading,
                $"The devices of {vendor} are {why}. Until then they get no new work and are not watched.", why, TimeSpan.Zero);
        }
    }

    /// <summary>The vendor is the agent's again, and something worse is known of the device by now.</summary>
    internal void EndRelease(Device device, string why) => ReportHealthy(device, $"resumed: {why}", Released);

    /// <param name="device">Null when the board hung before it could be described, so that it has no name: then the vendor host carries it.</param>
    internal void ReportHung(Device? device, string call)
    {
        Hung(device, call, $"A call into the library of {vendor} hangs: {call}. The process is left alone (ending it can freeze the board); "
            + "the other boards are served without this one until the call returns or the node boots.");
    }

    /// <summary>The same for a vendor that is read from files.</summary>
    internal void ReportHungFile(Device? device, string call) =>
        Hung(device, call, $"The driver of {vendor} hangs in the kernel: {call}. The other boards are served without this one until that call returns or the node boots.");

    private void Hung(Device? device, string call, string message)
    {
        if (device is not null)
        {
            Report(DeviceHung, Of(device), Severity.Fatal, SuggestedAction.Reboot, Clearing.OnHealthyReading, message, call);
            return;
        }
        _mayBeOnHost = true;
        Report(DeviceHung, _host, Severity.Degraded, SuggestedAction.Reboot, Clearing.OnHealthyReading, message, call);
    }

    internal void ReportGone(Device device)
    {
        ReportHealthy(device, "the driver no longer lists it", Unanswered, DeviceHung, Released);
        if (isBeside)
            return; // whoever serves it says so
        var place = device.PciAddress is { } address ? $" at {address}" : "";
        Report(DeviceGone, Subject.Device(device.Id), Severity.Fatal, SuggestedAction.Drain, Clearing.OnHealthyReading,
            $"{device.Model}{place} was there and the driver of {vendor} no longer lists it. If it was taken out on purpose, clear this problem and the device is forgotten.",
            $"the driver does not list {device.Id}{place}");
    }

    /// <summary>On the bus, and not in the driver's list although the driver runs.</summary>
    internal void ReportMissing(string address) => Report(
        DeviceMissing, Subject.Device(address), Severity.Fatal, SuggestedAction.Reboot, Clearing.OnHealthyReading,
        $"The bus has a board of {vendor} at {address} that the driver does not list: it failed to start, or fell off. "
        + "The kernel log says why; a board that is kept from the driver on purpose belongs to vfio-pci.",
        $"sysfs lists {address}, the library does not");

    /// <summary>Of every vendor.</summary>
    internal HashSet<string> StandingMissing() =>
        [.. board.Current.Value.Problems.Where(problem => problem.Id == DeviceMissing).Select(problem => problem.Subject.Id)];

    internal void ReportFound(string address) => board.ReportHealthy(DeviceMissing, Subject.Device(address), "the driver lists it, or the bus no longer does");

    /// <summary>The board was divided anew and has this partition no more.</summary>
    internal void ReportVanished(Device partition)
    {
        if (!isBeside)
            board.ReportVanished(Subject.Device(partition.Id), $"{partition.ParentId} was divided anew");
    }

    /// <summary>False when a person has cleared it: the device may be forgotten.</summary>
    internal bool StandsGone(Device device) =>
        board.Current.Value.Problems.Any(problem => problem.Id == DeviceGone && problem.Subject == Subject.Device(device.Id));

    /// <summary>The device answered a whole reading: what was said of it above is over, also what a daemon before this one said.</summary>
    internal void ReportAnswering(Device device) => ReportHealthy(device, $"{device.Id} answers again", Unanswered, DeviceHung, DeviceGone, Released);

    /// <summary>Another board is in its slot: it is no longer of this node.</summary>
    internal void ReportReplaced(Device device) => ReportHealthy(device, $"another board is at {device.PciAddress} now", Unanswered, DeviceHung, DeviceGone, Released);

    /// <summary>A round was completed and no call hangs.</summary>
    internal void ReportNoneHangs()
    {
        if (_mayBeOnHost)
            board.ReportHealthy(DeviceHung, _host, "no call hangs");
        _mayBeOnHost = false;
    }

    private void ReportHealthy(Device device, string evidence, params ReadOnlySpan<string> problems)
    {
        foreach (var problem in problems)
            board.ReportHealthy(problem, Of(device), evidence);
    }

    private Subject Of(Device device) => isBeside ? new Subject(SubjectKind.Unit, $"{_host.Id} {device.Id}") : Subject.Device(device.Id);

    private void Report(
        string id, Subject subject, Severity severity, SuggestedAction action, Clearing clearing, string message, string evidence, TimeSpan? flapWindow = null) =>
        board.Report(new ProblemReport
        {
            Id = id,
            Subject = subject,
            Severity = isBeside && severity > Severity.Degraded ? Severity.Degraded : severity,
            Cause = id switch { DeviceGone or DeviceMissing => Cause.Hardware, Released => Cause.Host, _ => Cause.Driver },
            Action = isBeside ? SuggestedAction.Observe : action,
            Clearing = clearing,
            Message = message,
            Evidence = evidence,
            At = time.GetUtcNow(),
            FlapWindow = flapWindow,
        });
}
