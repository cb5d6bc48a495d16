using System.Diagnostics;
using AIInfra.Agent.Diag;

namespace AIInfra.Agent.Commands;

/// <summary>How far a run of <c>diag</c> is: one line on a terminal, wiped before anything else is printed; nothing in a pipe.</summary>
internal sealed class DiagProgress(DiagLevel level, int most)
{
    private readonly Lock _gate = new();
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly bool _isTerminal = !Console.IsErrorRedirected;
    private string _doing = level == DiagLevel.Quick ? "the probes look" : "the probes look several times";
    private int _done, _bad;
    private bool _isOver, _isOnScreen;

    public void Doing(string what)
    {
        lock (_gate)
            _doing = $"{what} runs";
    }

    public void Done(DiagCheck check)
    {
        lock (_gate)
        {
            _done++;
            _bad += check.Outcome >= DiagOutcome.Warn ? 1 : 0;
        }
    }

    public void Show()
    {
        lock (_gate)
        {
            if (!_isTerminal || _isOver)
                return;
            _isOnScreen = true;
            Console.Error.Write($"\r{_done} of about {Math.Max(most, _done)} checks, {_bad} not well, {Stopwatch.GetElapsedTime(_started).TotalSeconds:0} s: {_doing} …\x1b[K");
        }
    }

    public void Hide()
    {
        lock (_gate)
        {
            _isOver = true;
            if (_isOnScreen)
                Console.Error.Write("\r\x1b[K");
        }
    }
}
