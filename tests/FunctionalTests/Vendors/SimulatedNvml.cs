namespace AIInfra.FunctionalTests.Vendors;

/// <summary>See <see cref="SimulatedLibrary"/>.</summary>
internal sealed class SimulatedNvml(string scenario, string build = "") : SimulatedLibrary("libnvidia-ml.so.1", scenario, build);
