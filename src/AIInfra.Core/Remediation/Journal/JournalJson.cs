using System.Text.Json.Serialization;

namespace AIInfra.Core.Remediation.Journal;

/// <summary>How a step is written into the journal. A member that a later version adds is optional: older rows lack it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, RespectNullableAnnotations = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StepRecord))]
internal sealed partial class JournalJson : JsonSerializerContext;
