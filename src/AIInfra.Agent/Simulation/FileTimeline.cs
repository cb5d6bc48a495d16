using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Vendors.Simulation;

namespace AIInfra.Agent.Simulation;

/// <summary>What happens to simulated boards that are files, and when: lines <c>at 5s nic 3 down</c>, <c>#</c> starts a comment. A board is named by its kind
/// (nic, amd, intel, board) and its place among those of the kind, from 0.</summary>
internal sealed class FileTimeline
{
    private readonly ImmutableArray<(TimeSpan At, SimulatedBoard Board, string Text, string[] Words)> _steps;
    private readonly TextWriter _output;

    private FileTimeline(ImmutableArray<(TimeSpan, SimulatedBoard, string, string[])> steps, TextWriter output) => (_steps, _output) = (steps, output);

    /// <summary>The part of a node's name that a simulated library is for; null when there is none. Not good: a part that is no node, or several libraries.</summary>
    public static (bool IsGood, string? Model) ModelOf(string node)
    {
        var (boards, others) = SimulatedBoards.Of(new SimulatedFiles("/"), node);
        return (boards is not null && others.Length <= 1 && (others.IsEmpty || !SimulatedBoards.Kinds.Any(kind => others[0].StartsWith(kind, StringComparison.Ordinal))), others.FirstOrDefault());
    }

    /// <summary>Writes the boards' files and reads the timeline. Null when something is wrong in it, which is then said.</summary>
    public static FileTimeline? Write(string root, string node, string? file, TextWriter output)
    {
        var files = new SimulatedFiles(root);
        var boards = SimulatedBoards.Of(files, node).Boards!.Value;
        if (!boards.IsEmpty)
            SimulatedBoards.Write(files, boards);
        var steps = ImmutableArray.CreateBuilder<(TimeSpan At, SimulatedBoard, string, string[])>();
        var isGood = true;
        string[] lines = [];
        try
        {
            lines = file is null ? [] : File.ReadAllLines(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"{file} cannot be read: {fault.Message}");
            return null;
        }
        for (var line = 0; line < lines.Length; line++)
        {
            var words = lines[line].Split('#')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
                continue;
            if (words is ["at", var time, var kind, var number, .. var command] && Seconds(time) is { } at && command.Length > 0
                && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && boards.Where(board => board.Kind == kind).ElementAtOrDefault(place) is { } board)
            {
                steps.Add((at, board, string.Join(' ', words[2..]), command));
                continue;
            }
            isGood = false;
            output.WriteLine($"{file}:{line + 1}: \"{lines[line]}\" is not usable; it must be as in \"at 5s nic 3 down\", with a board that the node has.");
        }
        return isGood ? new FileTimeline([.. steps.OrderBy(step => step.At)], output) : null;
    }

    /// <summary>Until the last step or the end. A command that the board does not know is said and passed over.</summary>
    public async Task PlayAsync(CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        foreach (var (at, board, text, words) in _steps)
        {
            if (at - TimeProvider.System.GetElapsedTime(started) is var rest && rest > TimeSpan.Zero)
                await Task.Delay(rest, TimeProvider.System, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (cancellationToken.IsCancellationRequested)
                return;
            await _output.WriteLineAsync(board.Apply(words)
                ? string.Create(CultureInfo.InvariantCulture, $"simulated node: {at.TotalSeconds:0.0}s {text}")
                : $"simulated node: \"{text}\" is no command of such a board");
        }
    }

    private static TimeSpan? Seconds(string text) => text.EndsWith('s') && double.TryParse(text.AsSpan(0, text.Length - (text.EndsWith("ms", StringComparison.Ordinal) ? 2 : 1)), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number is >= 0 and < 1e6 ? TimeSpan.FromSeconds(text.EndsWith("ms", StringComparison.Ordinal) ? number / 1000 : number) : null;
}
