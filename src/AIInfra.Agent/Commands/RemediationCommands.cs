using System.CommandLine;
using AIInfra.Agent.Control;
using AIInfra.Core.Remediation;
using AIInfra.Core.Remediation.Ladders;
using AIInfra.Core.Remediation.Planning;
using Spectre.Console;

namespace AIInfra.Agent.Commands;

/// <summary>What a person says to remediation: <c>approve</c>, <c>pause</c>, <c>resume</c>.</summary>
internal sealed class RemediationCommands(ActCommands acts, Option<string?> configFile, Option<string> output)
{
    public Command Approve()
    {
        var operation = new Argument<string>("ID") { Description = "The operation, as `actions` shows it" };
        var command = new Command("approve", "Allow one operation that needs a person; or say that a step whose outcome is not known was looked at") { operation, configFile, output };
        command.SetAction((parsed, cancellationToken) =>
            acts.ActAsync(parsed, "/v1/approve", new ApproveRequest(parsed.GetValue(operation)!), ControlJson.Default.ApproveRequest, cancellationToken));
        return command;
    }

    public Command Pause()
    {
        var length = new Option<string?>("--for") { Description = "How long, as in 30m, 2h or 1d (default: until it is resumed)", HelpName = "TIME" };
        length.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && PolicyTime.Parse(text) is null)
                result.AddError($"--for: \"{text}\" is no time; write it as in 30m, 2h or 1d.");
        });
        var why = new Option<string?>("--reason") { Description = "Why, for whoever looks at `status`", HelpName = "TEXT" };
        var command = new Command("pause", "Begin nothing new; what is under way is brought to its end") { length, why, configFile, output };
        command.SetAction((parsed, cancellationToken) => acts.ActAsync(
            parsed, "/v1/pause", new PauseRequest(parsed.GetValue(length) is { } text ? PolicyTime.Parse(text)!.Value.TotalSeconds : null, parsed.GetValue(why)), ControlJson.Default.PauseRequest, cancellationToken));
        return command;
    }

    public Command Resume()
    {
        var vendor = new Argument<string?>("VENDOR") { Description = "Take a released vendor's devices back; its key in the configuration, for example nvidia", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("resume", "End a pause of remediation, or with VENDOR a release") { vendor, configFile, output };
        command.SetAction((parsed, cancellationToken) => parsed.GetValue(vendor) is { } name
            ? acts.ActAsync(parsed, "/v1/resume", new VendorRequest(name), ControlJson.Default.VendorRequest, cancellationToken)
            : acts.ActAsync(parsed, "/v1/unpause", new ResumeRequest(), ControlJson.Default.ResumeRequest, cancellationToken));
        return command;
    }
}

/// <summary>Actions as an engineer on call reads them.</summary>
internal sealed class ActionLines(IAnsiConsole console)
{
    private const int MostVictims = 8;

    public void Show(ActionsReport report)
    {
        Terminal.WriteParagraph(console, "", Summary(report.Remediation));
        foreach (var plan in report.Planned)
        {
            console.WriteLine();
            Terminal.WriteParagraph(console, $"{RemediationControl.Word(plan.State).ToUpperInvariant()} ", $"{Terminal.Show(plan.Problem)} on {Terminal.Show(plan.Subject)}{(plan.Operation is { } id ? $", operation {id}" : "")}");
            Line("ladder", $"{Terminal.Show(plan.Ladder)}{(plan.Rung is { } rung ? $", rung {rung + 1}: {plan.Action}" : "")}");
            Line("why", Terminal.Show(plan.Why));
            if (plan.Would is { } would)
                Line("look", Terminal.Show(would));
            if (plan.Victims is { Count: > 0 } victims)
                Line("hits", string.Join(", ", victims.Take(MostVictims).Select(Terminal.Show)) + (victims.Count > MostVictims ? $" and {victims.Count - MostVictims} more" : ""));
        }
        if (report.Steps.Count > 0)
            console.WriteLine();
        foreach (var step in report.Steps)
            ShowStep(step);
        if (report is { Planned.Count: 0, Steps.Count: 0 })
            console.WriteLine("Nothing is planned, and nothing was done.");
    }

    /// <summary>One line for <c>status</c>.</summary>
    public static string Summary(RemediationStatus status)
    {
        var mode = status.Mode switch { RemediationMode.On => "on", RemediationMode.DryRun => "dry run (nothing is done)", _ => "off" };
        var what = status.Doing is { } doing ? $"; {Terminal.Show(doing)}" : status.Held is { } held ? $"; nothing is begun: {Terminal.Show(held)}" : "";
        var person = status.NeedPerson > 0 ? $"; {status.NeedPerson} {(status.NeedPerson == 1 ? "waits" : "wait")} for a person (`aiinfra-agent actions`)" : "";
        return $"remediation: {mode}, {status.Planned} {(status.Planned == 1 ? "problem" : "problems")} to mend{what}{person}";
    }

    private void ShowStep(ActionLine step)
    {
        var became = step.NeedsPerson ? $"UNKNOWN, look and then approve {step.Operation}"
            : step.Outcome is null ? "under way" : step.Outcome switch
            {
                ActionOutcome.Done => step.Helped switch { true => "done, helped", false => "done, did not help", _ => "done" },
                ActionOutcome.NotPossible => "not possible",
                { } other => other.ToString().ToLowerInvariant(),
            };
        Terminal.WriteParagraph(console, $"{step.Begun.UtcDateTime:yyyy-MM-dd HH:mm:ss}Z ", $"{step.Action}{string.Concat(step.Arguments.Select(word => $" {Terminal.Show(word)}"))} on {Terminal.Show(step.Subject)} for {Terminal.Show(step.Problem)}: {became} (step {step.Step})");
        if ((step.Says ?? step.Progress) is { } says)
            Line("", Terminal.Show(says));
        if (step.Verified is { } verified)
            Line("", Terminal.Show(verified));
        if (step.Evidence is { } evidence)
            Line("", $"evidence: {Terminal.Show(evidence)}");
    }

    private void Line(string name, string text) => Terminal.WriteParagraph(console, $"  {name,-7}", text);
}
