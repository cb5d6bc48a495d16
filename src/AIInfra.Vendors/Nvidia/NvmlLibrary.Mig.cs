using System.Globalization;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>A MIG device: a compute instance in a GPU instance.</summary>
/// <param name="Uuid">Outside input; null when the driver does not say.</param>
/// <param name="Profile"><c>1g.10gb</c>, with <c>1c.</c> in front where the compute instance is a part of the GPU instance.</param>
/// <param name="MemoryBytes">Null when the driver does not say.</param>
/// <param name="Slot">The driver's index of it; there are holes.</param>
/// <param name="Attributes">Null when the driver does not say.</param>
internal sealed record NvmlPartition(
    NvmlDevice Handle, string? Uuid, int GpuInstance, int ComputeInstance, string Profile, long? MemoryBytes, int Slot, NvmlDeviceAttributes? Attributes);

// Partitions (MIG). A handle dies when its instance is destroyed, so partitions are looked up anew each time.
internal sealed unsafe partial class NvmlLibrary
{
    private const uint MostPartitions = 64; // a board has seven
    private const uint MostProfiles = 64;

    /// <summary>The partitions a board has now; none when MIG is off or the driver has none.</summary>
    /// <exception cref="VendorException">The board is lost, or does not say: nothing is concluded from it.</exception>
    public List<NvmlPartition> Partitions(NvmlDevice board)
    {
        List<NvmlPartition> found = [];
        if (!IsMigOn(board) || _mig.MaxCount == null || _mig.ByIndex == null)
            return found;
        uint slots;
        NvmlStatus.ThrowUnlessOk(_mig.MaxCount(board.Handle, &slots), "nvmlDeviceGetMaxMigDeviceCount");
        for (var slot = 0u; slot < Math.Min(slots, MostPartitions); slot++)
        {
            nint handle;
            var status = _mig.ByIndex(board.Handle, slot, &handle);
            if (status == NvmlReturn.NotFound)
                continue; // an empty slot; others may follow
            if (status is NvmlReturn.InvalidArgument || NvmlStatus.IsAbsent(status))
                break;
            NvmlStatus.ThrowUnlessOk(status, "nvmlDeviceGetMigDeviceHandleByIndex");
            if (Partition(board, new NvmlDevice(handle), (int)slot) is { } partition)
                found.Add(partition);
        }
        return found;
    }

    /// <summary>Whether the board is in MIG mode; null for one that cannot be divided, or does not say.</summary>
    public bool? MigMode(NvmlDevice board)
    {
        uint current, pending;
        return _mig.Mode != null && NvmlStatus.StateOf(_mig.Mode(board.Handle, &current, &pending), "nvmlDeviceGetMigMode") == ReadingState.Present
            ? current == 1 : null;
    }

    private bool IsMigOn(NvmlDevice board)
    {
        const string call = "nvmlDeviceGetMigMode";
        if (_mig.Mode == null)
            return false;
        uint current, pending;
        var status = _mig.Mode(board.Handle, &current, &pending);
        if (NvmlStatus.IsAbsent(status))
            return false;
        NvmlStatus.ThrowUnlessOk(status, call);
        return current == 1;
    }

    /// <summary>Null for one that went while it was asked: the next walk no longer finds it.</summary>
    private NvmlPartition? Partition(NvmlDevice board, NvmlDevice device, int slot)
    {
        uint gpu = 0, compute = 0;
        if (!Is(_mig.GpuInstanceId, device, &gpu, "nvmlDeviceGetGpuInstanceId") || !Is(_mig.ComputeInstanceId, device, &compute, "nvmlDeviceGetComputeInstanceId")
            || gpu > ushort.MaxValue || compute > ushort.MaxValue)
            return null;
        var attributes = new NvmlDeviceAttributes();
        var isSaid = _mig.Attributes != null
            && NvmlStatus.StateOf(_mig.Attributes(device.Handle, &attributes), "nvmlDeviceGetAttributes_v2") == ReadingState.Present;
        var megabytes = isSaid && attributes.MemorySizeMB <= 1 << 24 ? (long)attributes.MemorySizeMB : 0;
        return new NvmlPartition(device, Uuid(device), (int)gpu, (int)compute,
            ProfileName(board, gpu, isSaid ? attributes : null, megabytes), megabytes > 0 ? megabytes << 20 : null,
            slot, isSaid ? attributes : null);
    }

    private static bool Is(delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> call, NvmlDevice device, uint* value, string name) =>
        call != null && NvmlStatus.StateOf(call(device.Handle, value), name) == ReadingState.Present;

    private string ProfileName(NvmlDevice board, uint gpuInstance, NvmlDeviceAttributes? attributes, long megabytes)
    {
        var whole = NameOfInstance(board, gpuInstance) ?? Computed(board, attributes, megabytes);
        return attributes is { ComputeInstanceSliceCount: > 0 and var part, GpuInstanceSliceCount: var all } && part < all
            ? string.Create(CultureInfo.InvariantCulture, $"{part}c.{whole}") : whole;
    }

    /// <summary>As the driver names the profile of this instance; null when it may or can not be asked.</summary>
    private string? NameOfInstance(NvmlDevice board, uint gpuInstance)
    {
        nint instance;
        NvmlGpuInstanceInfo info;
        if (_mig.InstanceById == null || _mig.InstanceInfo == null || _mig.ProfileInfo == null
            || _mig.InstanceById(board.Handle, gpuInstance, &instance) != NvmlReturn.Success
            || _mig.InstanceInfo(instance, &info) != NvmlReturn.Success)
            return null;
        for (var index = 0u; index < MostProfiles; index++)
        {
            var (status, id, name) = Profile(board, index);
            if (status == NvmlReturn.InvalidArgument)
                break; // past the last
            if (status == NvmlReturn.Success && id == info.ProfileId)
                return Cleaned(name);
        }
        return null;
    }

    private (NvmlReturn Status, uint Id, string? Name) Profile(NvmlDevice board, uint index)
    {
        var newest = new NvmlGpuInstanceProfileInfo_v3 { Version = NvmlGpuInstanceProfileInfo_v3.VersionWord };
        var status = _mig.ProfileInfo(board.Handle, index, &newest);
        if (status != NvmlReturn.ArgumentVersionMismatch)
            return (status, newest.Id, LibraryText.Of(newest.Name));
        var older = new NvmlGpuInstanceProfileInfo_v2 { Version = NvmlGpuInstanceProfileInfo_v2.VersionWord };
        status = _mig.ProfileInfo(board.Handle, index, &older);
        return (status, older.Id, LibraryText.Of(older.Name));
    }

    /// <summary>Without the leading <c>MIG</c>; null when what is left could not be part of a resource's name.</summary>
    internal static string? Cleaned(string? name)
    {
        const string prefix = "MIG ";
        var profile = name?.StartsWith(prefix, StringComparison.Ordinal) == true ? name[prefix.Length..].Trim() : name?.Trim();
        return profile is { Length: > 0 and <= 40 } && profile.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '+' or '-') ? profile : null;
    }

    private string Computed(NvmlDevice board, NvmlDeviceAttributes? attributes, long megabytes) =>
        ProfileOf(attributes?.GpuInstanceSliceCount ?? 0, megabytes, Memory(board).Total is { IsPresent: true } total ? total.Value : 0);

    /// <summary>Slices and gigabytes as NVIDIA rounds them: memory comes in eighths of the board, of which the name gives whole gigabytes.</summary>
    /// <returns><c>3g.40gb</c>; <c>unknown</c> when a number is missing.</returns>
    internal static string ProfileOf(uint slices, long megabytes, double boardBytes)
    {
        if (slices is 0 or > 64 || megabytes <= 0 || boardBytes <= 0)
            return "unknown";
        var eighths = Math.Clamp(Math.Ceiling(megabytes * 1048576.0 / boardBytes * 8), 1, 8);
        var gigabytes = Math.Round(eighths / 8 * Math.Ceiling(boardBytes / (1 << 30)), MidpointRounding.AwayFromZero);
        return string.Create(CultureInfo.InvariantCulture, $"{slices}g.{gigabytes}gb");
    }

    private readonly struct MigCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn> Mode =
            (delegate* unmanaged[Cdecl]<nint, uint*, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetMigMode");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> MaxCount =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetMaxMigDeviceCount");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, nint*, NvmlReturn> ByIndex =
            (delegate* unmanaged[Cdecl]<nint, uint, nint*, NvmlReturn>)exports.Find("nvmlDeviceGetMigDeviceHandleByIndex");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> GpuInstanceId =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetGpuInstanceId");
        public readonly delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn> ComputeInstanceId =
            (delegate* unmanaged[Cdecl]<nint, uint*, NvmlReturn>)exports.Find("nvmlDeviceGetComputeInstanceId");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlDeviceAttributes*, NvmlReturn> Attributes = // since 11.1; the plain symbol is of another size
            (delegate* unmanaged[Cdecl]<nint, NvmlDeviceAttributes*, NvmlReturn>)exports.Find("nvmlDeviceGetAttributes_v2");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, nint*, NvmlReturn> InstanceById =
            (delegate* unmanaged[Cdecl]<nint, uint, nint*, NvmlReturn>)exports.Find("nvmlDeviceGetGpuInstanceById");
        public readonly delegate* unmanaged[Cdecl]<nint, NvmlGpuInstanceInfo*, NvmlReturn> InstanceInfo =
            (delegate* unmanaged[Cdecl]<nint, NvmlGpuInstanceInfo*, NvmlReturn>)exports.Find("nvmlGpuInstanceGetInfo");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, void*, NvmlReturn> ProfileInfo = // since 11.6; which struct is said by its first word
            (delegate* unmanaged[Cdecl]<nint, uint, void*, NvmlReturn>)exports.Find("nvmlDeviceGetGpuInstanceProfileInfoV");
    }
}
