using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AIInfra.Core.Health;
using AIInfra.Core.State;
using AIInfra.Linux.Systemd;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Keeps what a disruptive step would destroy: the problem as it stood, the kernel's and the unit's last lines, the vendor's own report. Bounded in time, in size and
/// in number; what cannot be had is named in the bundle and holds nothing up.</summary>
public sealed class EvidenceCollector(HostSystem system, HostHands hands, HealthBoard health, string stateFolder, TimeProvider time)
{
    /// <summary>Bundles that are kept; the oldest goes.</summary>
    public const int Kept = 20;

    private static readonly TimeSpan Each = TimeSpan.FromSeconds(8), All = TimeSpan.FromSeconds(10); // the step waits for it

    private string Folder => Path.Combine(stateFolder, "evidence");

    /// <returns>The bundle's folder; null when none could be made.</returns>
    public async Task<string?> CollectAsync(ActionStep step, CancellationToken cancellationToken)
    {
        var bundle = Path.Combine(Folder, step.Id);
        try
        {
            MakeRoom();
            Directory.CreateDirectory(bundle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            WriteProblems(bundle, step);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        using var late = new CancellationTokenSource(All, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        await Task.WhenAll(Reports(step).Select(async report =>
            Write(Path.Combine(bundle, report.Name + ".txt"), await ReportAsync($"{step.Id}-evidence-{report.Name}", report.Words, either.Token))));
        cancellationToken.ThrowIfCancellationRequested();
        return bundle;
    }

    private void WriteProblems(string bundle, ActionStep step)
    {
        foreach (var problem in health.Current.Value.Problems.Where(problem => problem.Subject == step.Subject || problem.Id == step.ProblemId).Take(50))
            File.AppendAllText(Path.Combine(bundle, "problems.json"), JsonSerializer.Serialize(problem, StateJson.Default.Problem) + "\n");
    }

    /// <summary>Programs of the host, each with the words it is called with.</summary>
    private static IEnumerable<(string Name, ImmutableArray<string> Words)> Reports(ActionStep step)
    {
        yield return ("kernel", ["journalctl", "--dmesg", "--boot", "--no-pager", "--lines=150", "--output=short-monotonic"]);
        if (step.Subject.Kind == SubjectKind.Unit)
        {
            yield return ("unit", ["journalctl", "--no-pager", "--lines=150", $"--unit={UnitGuards.NameOf(step.Subject.Id)}"]);
            yield return ("status", ["systemctl", "status", "--no-pager", "--full", "--lines=0", UnitGuards.NameOf(step.Subject.Id)]);
        }
        if (step.Subject.Kind == SubjectKind.Device)
            yield return ("nvidia-smi", ["nvidia-smi", "-q", "-i", step.Subject.Id]);
        yield return ("processes", ["ps", "-eo", "pid,ppid,stat,etimes,comm", "--sort=-etimes"]);
    }

    private async Task<string> ReportAsync(string name, ImmutableArray<string> words, CancellationToken cancellationToken)
    {
        if (HostPrograms.Find(hands.Host, words[0]) is not { } program)
            return $"{words[0]} is not there on the host.\n";
        try
        {
            var result = await system.Commands.RunAsync(name, [program, .. words[1..]], Each, cancellationToken);
            return result.IsSuccess ? result.Output : $"{result.Output}\n{words[0]} ended with {result.Status} ({result.Result}).\n";
        }
        catch (BusException fault)
        {
            return fault.Message + "\n";
        }
        catch (OperationCanceledException)
        {
            return $"{words[0]} was not waited for.\n";
        }
    }

    private static void Write(string file, string text)
    {
        try
        {
            File.WriteAllText(file, text, new UTF8Encoding(false));
        }
        catch (IOException)
        {
            // A full disk: the step does not wait for it.
        }
    }

    private void MakeRoom()
    {
        if (!Directory.Exists(Folder))
            return;
        foreach (var old in new DirectoryInfo(Folder).GetDirectories().OrderByDescending(bundle => bundle.LastWriteTimeUtc).Skip(Kept - 1))
            old.Delete(recursive: true);
    }
}
