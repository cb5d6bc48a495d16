using System.Text.Json.Serialization;
using AIInfra.Core.Devices;
using AIInfra.Core.Health;

namespace AIInfra.Core.State;

/// <summary>How problems and inventories are written into the state. A member that a later version adds is optional: older rows lack it.</summary>
[JsonSourceGenerationOptions(UseStringEnumConverter = true, RespectNullableAnnotations = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Problem))]
[JsonSerializable(typeof(VendorInventory))]
[JsonSerializable(typeof(HealthTransition))]
internal sealed partial class StateJson : JsonSerializerContext;
