using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

// What a board is, beyond its identity: what schedulers choose by.
internal sealed unsafe partial class NvmlLibrary
{
    /// <summary>Compute capability, as in <c>9.0</c>; null when the board does not say.</summary>
    public string? ComputeCapability(NvmlDevice device)
    {
        int major, minor;
        return _traits.Compute != null && NvmlStatus.StateOf(_traits.Compute(device.Handle, &major, &minor), "nvmlDeviceGetCudaComputeCapability") == ReadingState.Present
            && major is >= 0 and < 1000 && minor is >= 0 and < 1000
            ? string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}") : null;
    }

    /// <summary>Newest CUDA that the driver serves, as in <c>12.8</c>; null when the library does not say.</summary>
    public string? CudaVersion()
    {
        int version; // thousands and tens
        return _traits.Cuda != null && _traits.Cuda(&version) == NvmlReturn.Success && version is > 0 and < 1_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{version / 1000}.{version % 1000 / 10}") : null;
    }

    /// <summary>The NVLink domain the board has joined: the cluster's UUID, a dot and the clique's number. Null where there is none, or while it joins.</summary>
    public string? Clique(NvmlDevice device)
    {
        const byte completed = 3;
        NvmlGpuFabricInfo info;
        if (_condition.Fabric == null || NvmlStatus.StateOf(_condition.Fabric(device.Handle, &info), "nvmlDeviceGetGpuFabricInfo") != ReadingState.Present
            || info.State != completed || info.Status != NvmlReturn.Success)
            return null;
        ReadOnlySpan<byte> uuid = info.ClusterUuid;
        return uuid.ContainsAnyExcept((byte)0)
            ? string.Create(CultureInfo.InvariantCulture, $"{new Guid(uuid, bigEndian: true)}.{info.CliqueId}") : null;
    }

    private readonly struct TraitCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, int*, int*, NvmlReturn> Compute =
            (delegate* unmanaged[Cdecl]<nint, int*, int*, NvmlReturn>)exports.Find("nvmlDeviceGetCudaComputeCapability");
        public readonly delegate* unmanaged[Cdecl]<int*, NvmlReturn> Cuda =
            (delegate* unmanaged[Cdecl]<int*, NvmlReturn>)exports.Find("nvmlSystemGetCudaDriverVersion_v2");
    }
}
