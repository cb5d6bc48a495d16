using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;
using AIInfra.Linux.Files;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>What is asked for: read by whoever replaces parts.</summary>
internal sealed record ReplacementRequest(
    string Id, string Node, string Problem, string Subject, DateTimeOffset AskedAt, string? Vendor, string? Model, string? Serial, string? PciAddress, string? Message, ImmutableArray<string> Evidence);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(ReplacementRequest))]
internal sealed partial class ReplacementJson : JsonSerializerContext;

/// <summary><c>request-replacement [https://… | /FOLDER]</c>: asks for a part to be replaced, by a POST or by a file; by default a file in <c>replacements</c> of the state
/// folder. The step's id is the request's: asked twice it is one request.</summary>
internal sealed class RequestReplacement(string node, string stateFolder, InventoryBoard inventory, HealthBoard health, HttpClient http, TimeProvider time) : IRemediationAction
{
    private static readonly TimeSpan PostPatience = TimeSpan.FromSeconds(20);

    public string Name => "request-replacement";
    public bool IsDisruptive => false;

    public string? Refuse(ImmutableArray<string> arguments) => arguments switch
    {
        [] => null,
        [var place] when place.StartsWith('/') => null,
        [var place] when Uri.TryCreate(place, UriKind.Absolute, out var address) && address.Scheme is "https" or "http" => null,
        _ => "are one https address or one absolute folder, or none",
    };

    public Task<Preparation> PrepareAsync(ActionStep planned, CancellationToken cancellationToken) => Task.FromResult(Preparation.Ready(new ActionProof(ProofKind.Level, "")));

    public async Task<ActionResult> RunAsync(ActionStep planned, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(Request(planned), ReplacementJson.Default.ReplacementRequest);
        return planned.Arguments is [var place] && !place.StartsWith('/') ? await PostAsync(planned, new Uri(place), body, cancellationToken) : Save(planned, body);
    }

    /// <summary>Asking again does no harm.</summary>
    public Task<ActionResult> ResolveAsync(ActionStep planned, CancellationToken cancellationToken) =>
        Task.FromResult(planned.Arguments is [var place] && !place.StartsWith('/') ? ActionResult.Failed("Whether the request arrived is not known; asked again it is the same request.")
            : File.Exists(FileOf(planned)) ? ActionResult.Done($"The request lies in {FileOf(planned)}.") : ActionResult.Failed($"There is no {FileOf(planned)}."));

    private ReplacementRequest Request(ActionStep planned)
    {
        var device = inventory.Current.Value.Find(planned.Subject.Id);
        var problem = health.Current.Value.Problems.FirstOrDefault(one => one.Id == planned.ProblemId && one.Subject == planned.Subject);
        return new ReplacementRequest(planned.Id, node, planned.ProblemId, planned.Subject.ToString(), time.GetUtcNow(), device?.Vendor, device?.Model, device?.Serial, device?.PciAddress, problem?.Message, problem?.Evidence ?? []);
    }

    private async Task<ActionResult> PostAsync(ActionStep planned, Uri address, byte[] body, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(PostPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Add("Idempotency-Key", planned.Id);
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Conflict
                ? ActionResult.Done($"{address.Host} took the request {planned.Id} ({(int)answer.StatusCode}).")
                : ActionResult.Failed($"{address.Host} answered the request with {(int)answer.StatusCode}.");
        }
        catch (HttpRequestException fault)
        {
            return ActionResult.Failed($"{address.Host} could not be asked: {fault.Message}");
        }
        catch (OperationCanceledException)
        {
            return ActionResult.Failed($"{address.Host} did not answer within {PostPatience.TotalSeconds:0} s. Asked again it is the same request.");
        }
    }

    private string FileOf(ActionStep planned) => Path.Combine(planned.Arguments is [var place] ? place : Path.Combine(stateFolder, "replacements"), $"{planned.Id}.json");

    /// <summary>Whole or not at all.</summary>
    private ActionResult Save(ActionStep planned, byte[] body)
    {
        var file = FileOf(planned);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            WholeFile.Write(file, body);
            return ActionResult.Done($"The request lies in {file}.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return ActionResult.Failed($"The request could not be written to {file}: {fault.Message}");
        }
    }
}
