using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace AIInfra.Kubernetes.Api;

public enum WatchKind { Added, Modified, Deleted, Bookmark }

/// <summary>One change. A bookmark's object holds the resource version and nothing else.</summary>
public sealed record WatchEvent<T>(WatchKind Kind, T Item);

/// <summary>Reads one watch: a line of JSON an event, as long as the server keeps it open.</summary>
internal sealed class ApiWatch<T>(ApiConnection connection, ApiCall call, JsonTypeInfo<T> type, TimeSpan silence) where T : ApiObject
{
    private const int LongestLine = 8 << 20; // bytes; etcd takes no object over 1.5 MiB

    /// <summary>Ends when the server ends it, or has been silent for too long: then a new watch goes on from the last version.</summary>
    /// <exception cref="ApiException">It was refused, broke, or told of an error.</exception>
    public async IAsyncEnumerable<WatchEvent<T>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await connection.OpenAsync(call, cancellationToken);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var lines = PipeReader.Create(body, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (await NextLineAsync(lines, cancellationToken) is { } next)
                yield return next;
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }

    /// <returns>Null at the end.</returns>
    private async Task<WatchEvent<T>?> NextLineAsync(PipeReader lines, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (await ReadAsync(lines, cancellationToken) is not { } read)
                    return null;
                var buffer = read.Buffer;
                if (buffer.PositionOf((byte)'\n') is { } end)
                {
                    var parsed = Parse(buffer.Slice(0, end), type, status => ApiRefusal.Of(call.What, connection.Where, status));
                    lines.AdvanceTo(buffer.GetPosition(1, end));
                    if (parsed is not null)
                        return parsed;
                    continue;
                }
                if (buffer.Length > LongestLine)
                    throw new ApiException(ApiFault.NotAnApiServer, $"{call.What} at {connection.Where}: an event is longer than {LongestLine:N0} bytes. Is this an API server?");
                lines.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    return null; // what is left is no whole event: the next watch tells it again
            }
        }
        catch (Exception fault) when (connection.Explain(call, fault, cancellationToken) is { } explained)
        {
            throw explained;
        }
    }

    /// <returns>Null when nothing came for too long.</returns>
    private async Task<ReadResult?> ReadAsync(PipeReader lines, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(silence, connection.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            return await lines.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <returns>Null for an event of a kind that a later server may have.</returns>
    /// <exception cref="JsonException">It is no event.</exception>
    internal static WatchEvent<T>? Parse(ReadOnlySequence<byte> line, JsonTypeInfo<T> type, Func<ApiStatus, ApiException> refusal)
    {
        var reader = new Utf8JsonReader(line);
        var read = JsonSerializer.Deserialize(ref reader, ApiJson.Default.WatchLine) ?? throw new JsonException("An event is null.");
        if (read.Object.ValueKind != JsonValueKind.Object)
            throw new JsonException("An event has no object.");
        if (read.Type == "ERROR")
            throw refusal(read.Object.Deserialize(ApiJson.Default.ApiStatus) ?? new ApiStatus());
        WatchKind? kind = read.Type switch { "ADDED" => WatchKind.Added, "MODIFIED" => WatchKind.Modified, "DELETED" => WatchKind.Deleted, "BOOKMARK" => WatchKind.Bookmark, _ => null };
        return kind is null ? null : new WatchEvent<T>(kind.Value, read.Object.Deserialize(type) ?? throw new JsonException("An event has no object."));
    }
}
