using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AIInfra.Kubernetes.Remediation;

namespace AIInfra.Kubernetes.Api;

/// <summary>All that is sent to and read from the API server.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(NodeObject))]
[JsonSerializable(typeof(PodObject))]
[JsonSerializable(typeof(EventObject))]
[JsonSerializable(typeof(LeaseObject))]
[JsonSerializable(typeof(BudgetObject))]
[JsonSerializable(typeof(ObjectList<NodeObject>))]
[JsonSerializable(typeof(ObjectList<PodObject>))]
[JsonSerializable(typeof(ObjectList<EventObject>))]
[JsonSerializable(typeof(ObjectList<LeaseObject>))]
[JsonSerializable(typeof(ObjectList<BudgetObject>))]
[JsonSerializable(typeof(AgentMark))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(ApiStatus))]
[JsonSerializable(typeof(WatchLine))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(Eviction))]
[JsonSerializable(typeof(TokenReview))]
[JsonSerializable(typeof(SelfSubjectReview))]
[JsonSerializable(typeof(MetadataPatch))]
[JsonSerializable(typeof(ConditionsPatch))]
[JsonSerializable(typeof(SeriesPatch))]
[JsonSerializable(typeof(LeasePatch))]
[JsonSerializable(typeof(ImmutableArray<JsonPatchStep>))]
[JsonSerializable(typeof(ImmutableArray<NodeTaint>))]
[JsonSerializable(typeof(ImmutableSortedDictionary<string, string>))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>One line of a watch.</summary>
internal sealed record WatchLine(string? Type, JsonElement Object);

/// <summary>metav1.Time: whole seconds, UTC.</summary>
internal sealed class ApiTime : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
}

/// <summary>metav1.MicroTime: six decimals, UTC.</summary>
internal sealed class ApiMicroTime : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDateTimeOffset();

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
}
