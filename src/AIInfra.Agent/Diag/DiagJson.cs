using System.Text.Json;
using System.Text.Json.Serialization;

namespace AIInfra.Agent.Diag;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DiagReport))]
[JsonSerializable(typeof(DiagCheck))]
internal sealed partial class DiagJson : JsonSerializerContext;
