using AIInfra.Core.Hosting;

namespace AIInfra.Core.Health;

/// <summary>The one writer of what is wrong with the node. Publishes first, persists after.</summary>
/// <remarks>Every method may be called from any thread, applies at once and never waits for the disk.</remarks>
public sealed class HealthBoard
{
    public Latest<HealthSnapshot> Current { get; } = new(HealthSnapshot.Empty);

    /// <summary>A fault was seen: raises a problem, or counts it again.</summary>
    public void Report(ProblemReport report) => throw new NotImplementedException();

    /// <summary>A source reads the subject healthy: clears its problem if that clears by a healthy reading.</summary>
    public void ReportHealthy(string problemId, Subject subject, string evidence) => throw new NotImplementedException();

    /// <summary>The device answers as a whole. Clears what a boot clears (and a reset, which a boot includes), if the problem is from an earlier boot.</summary>
    public void ReportAnswering(Subject subject) => throw new NotImplementedException();

    /// <summary>An operator says it is over. False when no such problem stands.</summary>
    public bool Clear(string problemId, Subject subject) => throw new NotImplementedException();

    /// <summary>There is proof that the device was reset: clears what a reset clears.</summary>
    public void ReportReset(Subject subject, string evidence) => throw new NotImplementedException();
}
