using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>What CNDEV's events and readings mean for health: the driver's own verdict counts, and what it finds wrong where it lists that.</summary>
/// <remarks>An Xid alone takes no board out: no table says what its number means, and the driver's verdict follows when it is grave.</remarks>
internal sealed class CambriconRules(CambriconXids xids) : IVendorRules
{
    public const string LostId = "cambricon.lost", HealthId = "cambricon.health", DriverId = "cambricon.driver-state", ProhibitedId = "cambricon.compute-prohibited", XidId = "cambricon.xid";
    private const string Witness = "cndev";
    private const int Prohibited = 2;

    private static readonly FieldTable Table = CambriconFields.Table;
    private static readonly int Health = Table["health"], DeviceState = Table["device_state"], DriverState = Table["driver_state"], Mode = Table["compute_mode"];

    /// <summary>Counters that start from zero when the board is reset or its driver is loaded anew, and never go down otherwise.</summary>
    private static readonly (int Place, string Name)[] SinceReset =
        [.. new[] { "ecc_volatile_uncorrected_total", "ecc_volatile_corrected_total", "energy_joules_total" }.Select(name => (Table[name], name))];

    private static readonly Dictionary<string, ProblemText> Texts =
        ProblemText.Read(typeof(CambriconRules).Assembly, "cambricon.problems.tsv").ToDictionary(text => text.Id, StringComparer.Ordinal);

    private readonly CambriconHeartbeats _heartbeats = new();
    private readonly CambriconIncidentRules _incidents = new();

    public void OnEvent(Device? device, VendorEvent happened, DateTimeOffset at, HealthBoard board)
    {
        var id = device?.Id ?? happened.DeviceId;
        if (id is not null)
            xids.Saw(id, happened.Value);
        var where = happened.Partition is null ? "" : $" on {happened.Partition}";
        var report = Report(XidId, id is null ? Subject.Node : Subject.Device(id), string.Create(CultureInfo.InvariantCulture, $"CNDEV event: Xid 0x{happened.Value:x16}{where}"), at);
        board.Report(report with { Witness = Witness });
    }

    public void OnSample(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (device.ParentId is not null)
            return; // all that can be wrong is its board's, or comes as an event
        var subject = Subject.Device(device.Id);
        board.ReportHealthy(LostId, subject, "the board answers");
        JudgeDriver(subject, now[DriverState], at, board);
        JudgeHealth(subject, now, at, board);
        JudgeMode(subject, now[Mode], at, board);
        _heartbeats.Judge(subject, now, at, board);
        _incidents.Judge(device, before, now, at, board);
        if (before is not null && now[DriverState] is not { IsPresent: true, Value: not CambriconDriverState.Running } && ProofOfReset(before, now) is { } proof)
            board.ReportReset(subject, proof);
    }

    /// <summary>The problem clears when the board answers again.</summary>
    public void OnLost(Device device, VendorException fault, DateTimeOffset at, HealthBoard board) =>
        board.Report(Report(LostId, Subject.Device(device.Id), fault.Message, at) with { Rank = 900 });

    /// <summary>In the words of <c>problems.tsv</c>.</summary>
    internal static ProblemReport Report(string id, Subject subject, string evidence, DateTimeOffset at)
    {
        var text = Texts[id];
        return new ProblemReport
        {
            Id = id,
            Subject = subject,
            Severity = text.Severity,
            Cause = text.Cause,
            Action = text.Action,
            Clearing = text.Clearing,
            Message = text.Meaning.English,
            Evidence = evidence,
            At = at,
        };
    }

    private static void JudgeDriver(Subject subject, Reading state, DateTimeOffset at, HealthBoard board)
    {
        if (state is { IsPresent: true, Value: CambriconDriverState.Running })
            board.ReportHealthy(DriverId, subject, "CNDEV: the driver is running");
        else if (state.IsPresent)
        {
            var action = state.Value is CambriconDriverState.BootError or CambriconDriverState.ResetError ? SuggestedAction.Reboot : SuggestedAction.Observe;
            board.ReportLasting(Report(DriverId, subject, string.Create(CultureInfo.InvariantCulture, $"CNDEV: driver state {state.Value}: {CambriconDriverState.NameOf(state.Value)}"), at) with
            {
                Action = action,
                Message = $"The driver of the MLU is {CambriconDriverState.NameOf(state.Value)}.",
            });
        }
    }

    private static void JudgeHealth(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var (health, device) = (now[Health], now[DeviceState]);
        if (health is { IsPresent: true, Value: 0 } || device is { IsPresent: true, Value: 0 })
            board.ReportLasting(Report(HealthId, subject, $"CNDEV: health {Word(health)}, device state {Word(device)}, driver state {Word(now[DriverState])}", at));
        else if (health.IsPresent)
            board.ReportHealthy(HealthId, subject, "CNDEV: health 1");
    }

    private static void JudgeMode(Subject subject, Reading mode, DateTimeOffset at, HealthBoard board)
    {
        if (mode is { IsPresent: true, Value: Prohibited })
            board.ReportLasting(Report(ProhibitedId, subject, "CNDEV: compute mode 2", at));
        else if (mode.IsPresent)
            board.ReportHealthy(ProhibitedId, subject, "CNDEV: programs may use it");
    }

    private static string Word(Reading reading) => reading.IsPresent ? reading.Value.ToString(CultureInfo.InvariantCulture) : "not told";

    private static string? ProofOfReset(Reading[] before, Reading[] now)
    {
        foreach (var (place, name) in SinceReset)
        {
            if (before[place].IsPresent && now[place].IsPresent && now[place].Value < before[place].Value)
                return string.Create(CultureInfo.InvariantCulture, $"{name} went from {before[place].Value} to {now[place].Value}");
        }
        return null;
    }
}

/// <summary>A heart that has not beaten for a minute while the driver answered.</summary>
internal sealed class CambriconHeartbeats
{
    public const string Id = "cambricon.heartbeat";
    private static readonly TimeSpan MostStill = TimeSpan.FromMinutes(1);
    private static readonly int Beats = CambriconFields.Table["heartbeats_total"];

    private readonly Dictionary<string, (double Beats, DateTimeOffset Since)> _last = new(StringComparer.Ordinal);

    public void Judge(Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        if (!now[Beats].IsPresent)
        {
            _last.Remove(subject.Id);
            return;
        }
        var beats = now[Beats].Value;
        if (!_last.TryGetValue(subject.Id, out var last) || last.Beats != beats || at < last.Since)
        {
            if (_last.ContainsKey(subject.Id))
                board.ReportHealthy(Id, subject, "CNDEV: the heartbeat counter moves");
            _last[subject.Id] = (beats, at);
        }
        else if (at - last.Since >= MostStill)
            board.ReportLasting(CambriconRules.Report(Id, subject, string.Create(CultureInfo.InvariantCulture, $"CNDEV: the heartbeat counter has stood at {beats} since {last.Since:u}"), at));
    }
}

/// <summary>What is wrong with a board: as the driver lists it, and on a driver that does not, as counters and states of the board show it.</summary>
internal sealed class CambriconIncidentRules
{
    private static readonly FieldTable Table = CambriconFields.Table;
    private static readonly ImmutableArray<(string Problem, ImmutableArray<(CambriconIncident Incident, int Place)> Incidents)> Groups =
    [
        .. CambriconIncidents.All.GroupBy(incident => incident.ProblemId).Select(group => (group.Key, group.Select(incident => (incident, Table[incident.Field])).ToImmutableArray())),
    ];
    private static readonly int First = Table[CambriconIncidents.All[0].Field], LinksUp = Table["mlulink_links_up"];

    /// <summary>States that stand for an incident on drivers that list none.</summary>
    private static readonly ImmutableArray<(string Problem, int Place, string Field)> States =
    [
        .. new[]
        {
            ("cambricon.row-remap-failed", "row_remap_failed"), ("cambricon.row-remap-pending", "row_remap_pending"), ("cambricon.page-retirement-pending", "retired_pages_pending"),
            ("cambricon.page-repair-failed", "retired_pages_failed"), ("cambricon.thermal-slowdown", "throttle_thermal"),
        }.Select(row => (row.Item1, Table[row.Item2], row.Item2)),
    ];
    private static readonly int Uncorrected = Table["ecc_volatile_uncorrected_total"];

    /// <summary>Links up at once since this daemon was started.</summary>
    private readonly Dictionary<string, double> _mostLinks = new(StringComparer.Ordinal);

    public void Judge(Device device, Reading[]? before, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var subject = Subject.Device(device.Id);
        if (now[First].State != ReadingState.Absent)
        {
            foreach (var (problem, incidents) in Groups)
                JudgeListed(problem, incidents, subject, now, at, board);
            return;
        }
        foreach (var (problem, place, field) in States)
            Judge(problem, subject, now[place], string.Create(CultureInfo.InvariantCulture, $"CNDEV: {field} is {now[place].Value}"), at, board);
        if (before is not null && before[Uncorrected].IsPresent && now[Uncorrected].IsPresent && now[Uncorrected].Value > before[Uncorrected].Value)
        {
            board.Report(CambriconRules.Report("cambricon.double-bit-error", subject,
                string.Create(CultureInfo.InvariantCulture, $"CNDEV: uncorrected errors went from {before[Uncorrected].Value} to {now[Uncorrected].Value}"), at) with
            { Clearing = Clearing.OnReset });
        }
        JudgeLinks(subject, now[LinksUp], at, board);
    }

    /// <summary>The gravest incident of a problem tells; a warning is never worse than degraded.</summary>
    private static void JudgeListed(string problem, ImmutableArray<(CambriconIncident Incident, int Place)> incidents, Subject subject, Reading[] now, DateTimeOffset at, HealthBoard board)
    {
        var (worst, isKnown) = ((CambriconIncident?)null, true);
        var result = 0.0;
        foreach (var (incident, place) in incidents)
        {
            isKnown &= now[place].IsPresent;
            if (now[place].IsPresent && now[place].Value > result)
                (worst, result) = (incident, now[place].Value);
        }
        if (worst is not null)
        {
            var severity = result < CambriconIncidents.Failure && worst.Severity > Severity.Degraded ? Severity.Degraded : worst.Severity;
            board.ReportLasting(CambriconRules.Report(problem, subject,
                string.Create(CultureInfo.InvariantCulture, $"CNDEV: incident {worst.Name}, {(result < CambriconIncidents.Failure ? "warning" : "failure")}"), at) with
            { Severity = severity });
        }
        else if (isKnown)
            board.ReportHealthy(problem, subject, "CNDEV no longer lists it");
    }

    private void JudgeLinks(Subject subject, Reading up, DateTimeOffset at, HealthBoard board)
    {
        if (!up.IsPresent)
            return;
        var most = _mostLinks[subject.Id] = Math.Max(up.Value, _mostLinks.GetValueOrDefault(subject.Id));
        Judge("cambricon.mlulink-down", subject, Reading.Of(most - up.Value), string.Create(CultureInfo.InvariantCulture, $"CNDEV: {up.Value} MLU-Links up, {most} before"), at, board);
    }

    /// <param name="reading">0: well; above: not.</param>
    private static void Judge(string problem, Subject subject, Reading reading, string evidence, DateTimeOffset at, HealthBoard board)
    {
        if (reading is { IsPresent: true, Value: 0 })
            board.ReportHealthy(problem, subject, "the readings no longer show it");
        else if (reading.IsPresent)
            board.ReportLasting(CambriconRules.Report(problem, subject, evidence, at));
    }
}
