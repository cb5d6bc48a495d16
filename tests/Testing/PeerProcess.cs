using System.Diagnostics;
using System.Text;
using System.Threading.Channels;

namespace AIInfra.Testing;

/// <summary>An independent program that a test talks to. It prints lines and may be sent lines; whatever happens it is gone after dispose.</summary>
public sealed class PeerProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly StringBuilder _transcript = new();
    private readonly Task _output, _errors;

    private PeerProcess(Process process)
    {
        _process = process;
        _output = PumpAsync(process.StandardOutput, "", _lines.Writer);
        _errors = PumpAsync(process.StandardError, "stderr: ", null);
    }

    public int Id => _process.Id;

    /// <summary>Everything printed so far, for the message of a failing test.</summary>
    public string Transcript
    {
        get
        {
            lock (_transcript)
                return _transcript.ToString();
        }
    }

    /// <param name="script">A file of <c>tests/peers/grpc-js</c>, whose packages <c>npm ci</c> has installed there.</param>
    public static PeerProcess Node(string script, params string[] arguments) =>
        Start("node", [RepositoryRoot.Combine("tests", "peers", "grpc-js", script), .. arguments]);

    /// <param name="script">A file of <c>tests/peers/python</c>, run by the interpreter that the distribution's grpcio belongs to.</param>
    public static PeerProcess Python(string script, params string[] arguments) =>
        Start("/usr/bin/python3", ["-u", RepositoryRoot.Combine("tests", "peers", "python", script), .. arguments]);

    public static PeerProcess Start(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new PeerProcess(Process.Start(start)!);
    }

    /// <summary>Reads lines until one starts with <paramref name="prefix"/>; lines before it are passed over.</summary>
    /// <returns>What follows the prefix, without leading blanks.</returns>
    /// <exception cref="InvalidOperationException">The program ended, or 30 s passed, without such a line; the message holds all it printed.</exception>
    public async Task<string> WaitForLineAsync(string prefix, CancellationToken cancellationToken = default)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await foreach (var line in _lines.Reader.ReadAllAsync(patience.Token))
                if (line.StartsWith(prefix, StringComparison.Ordinal))
                    return line[prefix.Length..].TrimStart();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"No line '{prefix}…' within {Patience.TotalSeconds} s. Printed so far:\n{Transcript}");
        }
        await _errors;
        throw new InvalidOperationException($"The peer ended without a line '{prefix}…'. It printed:\n{Transcript}");
    }

    public async Task SendLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Ends what the program reads, as a pipe does.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync(CancellationToken cancellationToken = default)
    {
        await Task.WhenAll(_process.WaitForExitAsync(cancellationToken), _output, _errors).WaitAsync(Patience, cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Ends the program at once (SIGKILL), with its children.</summary>
    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await WaitForExitAsync();
        _process.Dispose();
    }

    private async Task PumpAsync(StreamReader from, string mark, ChannelWriter<string>? to)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            lock (_transcript)
                _transcript.Append(mark).Append(line).Append('\n');
            to?.TryWrite(line);
        }
        to?.Complete();
    }
}
