using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Intel;

/// <summary>Which files of a GT count errors, and of what kind. Only Intel's own builds of the driver have them; which there are differs between GPUs, their names tell the kind.</summary>
internal static class IntelErrors
{
    private const int MostFiles = 128;

    public static IEnumerable<(string Field, string File)> Find(KernelTree sys, string folder) =>
        sys.Names(folder).Take(MostFiles).Select(name => (Field: FieldOf(name), File: $"{folder}/{name}")).Where(row => row.Field is not null).Select(row => (row.Field!, row.File));

    /// <summary>Null for what counts no error: <c>eu_attention</c> is a debugger's.</summary>
    internal static string? FieldOf(string name) => name switch
    {
        "engine_reset" => "engine_resets_total",
        _ when name.StartsWith("driver_", StringComparison.Ordinal) => "errors_driver_total",
        _ when name.Contains("nonfatal", StringComparison.Ordinal) || name.Contains("non_fatal", StringComparison.Ordinal) => "errors_nonfatal_total",
        _ when name.Contains("fatal", StringComparison.Ordinal) || name.Contains("uncorrectable", StringComparison.Ordinal) => "errors_fatal_total",
        _ when name.Contains("correctable", StringComparison.Ordinal) => "errors_corrected_total",
        _ => null,
    };
}
