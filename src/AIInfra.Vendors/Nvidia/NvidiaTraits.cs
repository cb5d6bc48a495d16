namespace AIInfra.Vendors.Nvidia;

/// <summary>The names of <see cref="Core.Devices.Device.Traits"/> of NVIDIA boards and partitions.</summary>
internal static class NvidiaTraits
{
    /// <summary><see cref="On"/> or <see cref="Off"/>; not there where a board cannot be divided.</summary>
    public const string Mig = "mig";
    public const string On = "on", Off = "off";
    /// <summary>Compute capability: <c>9.0</c>.</summary>
    public const string Compute = "compute";
    /// <summary>Newest CUDA that the driver serves: <c>12.8</c>.</summary>
    public const string Cuda = "cuda";
    /// <summary>The NVLink domain: the cluster's UUID, a dot, the clique's number.</summary>
    public const string Clique = "clique";
    /// <summary>Of a partition, by the names that its labels end with.</summary>
    public const string Multiprocessors = "multiprocessors", GpuSlices = "slices.gi", ComputeSlices = "slices.ci", CopyEngines = "engines.copy",
        Decoders = "engines.decoder", Encoders = "engines.encoder", JpegEngines = "engines.jpeg", FlowEngines = "engines.ofa";
}
