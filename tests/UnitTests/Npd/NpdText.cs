using System.Text;
using AIInfra.Core.Health;
using AIInfra.Core.Health.Logs;
using AIInfra.Core.Health.Npd;
using AIInfra.Core.Health.Npd.Configuration;
using AIInfra.Core.Health.Npd.Logs;
using AIInfra.Testing;

namespace AIInfra.UnitTests.Npd;

/// <summary>A monitor out of its file's text, with boards and a clock of its own.</summary>
internal sealed class NpdText : IDisposable
{
    private static readonly string[] None = [];

    public ManualTime Time { get; } = new();
    public HealthBoard Health { get; }
    public NpdConfiguration Configuration { get; }
    public NpdBoard Board { get; }
    private readonly LineMatcher? _matcher;

    public NpdText(string json, string boot = "boot-1", IEnumerable<Problem>? restored = null)
    {
        Configuration = Load(json);
        Assert.Equal(None, Configuration.Errors.Select(error => error.ToString()));
        Health = new HealthBoard(Time, boot, restored ?? []);
        Board = new NpdBoard(Configuration, Health, Time);
        if (!Configuration.Logs.IsEmpty)
            _matcher = new LineMatcher(Configuration.Logs.Select(log => (log, Time.GetUtcNow() - log.Lookback)), Board, new SlowPatterns());
    }

    public static NpdConfiguration Load(string json)
    {
        var folder = Directory.CreateTempSubdirectory("npd-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "monitor.json"), json);
            return NpdFiles.Load([folder.FullName]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public void Line(string text, string rest = "", TimeSpan age = default) =>
        _matcher!.Match(new NpdLine(Encoding.UTF8.GetBytes(text), Time.GetUtcNow() - age, Encoding.UTF8.GetBytes(rest)));

    public void Lines(params string[] lines)
    {
        foreach (var line in lines)
            Line(line);
    }

    public NpdSnapshot Snapshot
    {
        get
        {
            Board.PublishWithheld();
            return Board.Current.Value;
        }
    }

    public IReadOnlyList<string> Events => [.. Snapshot.Events.Select(step => $"{step.Reason}: {step.Message}")];

    public NpdCondition Condition(string type) => Snapshot.Conditions.Single(condition => condition.Type == type);

    public void Dispose()
    {
        Board.Dispose();
        Health.Dispose();
    }
}
