using System.Text;

namespace AIInfra.Bench;

/// <summary>Where the benches print: on the screen, and beside it into what is kept of the run.</summary>
internal sealed class BenchOutput(TextWriter screen) : TextWriter
{
    private string _bench = "";

    public List<BenchRow> Rows { get; } = [];
    public List<BenchNote> Notes { get; } = [];
    public List<BenchNote> Failures { get; } = [];

    public override Encoding Encoding => screen.Encoding;

    public override void Write(char value) => screen.Write(value);

    public override void WriteLine(string? value)
    {
        screen.WriteLine(value);
        screen.Flush(); // a run takes many minutes
    }

    /// <summary>Runs a bench. One that fails is written down and leaves the rows of the others.</summary>
    public async Task RunAsync(string bench, Func<TextWriter, Task> run)
    {
        _bench = bench;
        try
        {
            await run(this);
        }
#pragma warning disable CA1031 // whatever ends one bench must not end the run
        catch (Exception fault)
#pragma warning restore CA1031
        {
            WriteLine($"! {bench} failed: {fault}");
            Failures.Add(new BenchNote(bench, fault.Message));
        }
    }

    internal void Keep(string note) => Notes.Add(new BenchNote(_bench, note));

    internal void Keep(Func<string, BenchRow> row) => Rows.Add(row(_bench));
}
