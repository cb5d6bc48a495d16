using System.Globalization;
using System.Text.Json;
using AIInfra.Aggregator.Identity;
using AIInfra.Aggregator.Nodes;
using Microsoft.AspNetCore.Http;

namespace AIInfra.Aggregator.Api;

/// <summary>Changes as they happen, as server-sent events. A reader that is too slow is told to read the whole anew; it holds nobody up.</summary>
internal sealed class EventPart(ChangeFeed feed, Callers callers, TimeProvider time) : IApiPart
{
    private const int MostReaders = 200, MostAtOnce = 256;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15), Patience = TimeSpan.FromSeconds(10);

    private int _readers;

    public IEnumerable<ApiRoute> Routes =>
    [
        new("GET", "/api/v1/events", TokenRole.Viewer,
            "Changes of nodes as server-sent events. `node` carries a NodeEvent and the number of the change as its id; `reset` says that some were missed: read the fleet anew. A comment comes every 15 s.",
            ApiJson.Default.NodeEvent, AnswerAsync)
        {
            Media = "text/event-stream",
            Query = [new("after", "Goes on after this number; the header Last-Event-ID does the same. Left out: from now.", "a number of an event", text => long.TryParse(text, out var number) && number >= 0)],
        },
    ];

    /// <summary>Readers that are connected.</summary>
    public int Readers => Volatile.Read(ref _readers);

    private async Task AnswerAsync(ApiRequest request)
    {
        if (Interlocked.Increment(ref _readers) > MostReaders)
        {
            Interlocked.Decrement(ref _readers);
            request.Context.Response.Headers.RetryAfter = "30";
            await request.RefuseAsync(StatusCodes.Status503ServiceUnavailable, $"{MostReaders} readers of events are connected already.");
            return;
        }
        try
        {
            await StreamAsync(request);
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    private async Task StreamAsync(ApiRequest request)
    {
        var response = request.Context.Response;
        response.ContentType = "text/event-stream; charset=utf-8";
        var asked = request.Context.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header : request.Query("after");
        var after = long.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : feed.Newest;
        await SendAsync(request, ": connected\n\n"u8.ToArray());
        var batch = new List<(long Number, NodeChange Change)>();
        while (true)
        {
            batch.Clear();
            if (!await IsStillGoodAsync(request))
                return; // it asks anew, and is told
            if (!feed.TryRead(after, MostAtOnce, batch))
            {
                after = feed.Newest;
                await SendAsync(request, System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: reset\nid: {after}\ndata: {{}}\n\n")));
            }
            foreach (var (at, change) in batch)
            {
                after = at;
                var data = JsonSerializer.Serialize(ApiLines.Event(change), ApiJson.Default.NodeEvent);
                await SendAsync(request, System.Text.Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"event: node\nid: {at}\ndata: {data}\n\n")));
            }
            if (batch.Count > 0)
                continue;
            try
            {
                await feed.WaitAsync(after, request.Aborted).WaitAsync(Beat, time, request.Aborted);
            }
            catch (TimeoutException)
            {
                await SendAsync(request, ": beat\n\n"u8.ToArray());
            }
        }
    }

    /// <summary>A page may be open for days: its token ends meanwhile, or is revoked.</summary>
    private async Task<bool> IsStillGoodAsync(ApiRequest request)
    {
        try
        {
            return await callers.FindAsync(null, request.Context.Request.Headers.Authorization.ToString(), request.Aborted) is { } caller && caller.May(TokenRole.Viewer);
        }
        catch (IdentityUnknownException)
        {
            return false;
        }
    }

    /// <summary>Who does not read for 10 s is let go: it comes back with the number of its last event.</summary>
    private async Task SendAsync(ApiRequest request, byte[] text)
    {
        try
        {
            await request.Context.Response.Body.WriteAsync(text, request.Aborted);
            await request.Context.Response.Body.FlushAsync(request.Aborted).WaitAsync(Patience, time, request.Aborted);
        }
        catch (TimeoutException)
        {
            request.Context.Abort();
            throw new OperationCanceledException("The reader does not read.");
        }
    }
}
