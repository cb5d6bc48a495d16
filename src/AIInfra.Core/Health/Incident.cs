namespace AIInfra.Core.Health;

/// <summary>Problems of one device that came within 10 s of each other: most likely one fault, told in several ways.</summary>
/// <param name="Id">The same for all of them, and for no others of that device. Sorts by time.</param>
/// <param name="At">When the first of them was seen; its source's clock.</param>
/// <param name="Headline">The <see cref="Problem.Id"/> of the one that says most about the cause; the others follow from it.</param>
public sealed record Incident(string Id, DateTimeOffset At, string Headline);
