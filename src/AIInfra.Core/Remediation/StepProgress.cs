namespace AIInfra.Core.Remediation;

/// <summary>How far the step has come that is under way, for those who look: <c>actions</c> and <c>status</c>. Not kept on the disk.</summary>
public sealed class StepProgress
{
    private sealed record Line(string Step, string Says);

    private volatile Line _line = new("", "");

    /// <param name="step">The <see cref="ActionStep.Id"/>.</param>
    /// <param name="says">One sentence, as in "3 of 7 pods have gone; a/b waits for its disruption budget." May hold outside text.</param>
    public void Report(string step, string says) => _line = new Line(step, says);

    /// <returns>Null when nothing was said of it.</returns>
    public string? Of(string step) => _line is { } line && line.Step == step ? line.Says : null;
}
