using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Nvidia;

/// <summary>Where the active NVLinks of a board end.</summary>
/// <param name="Count">Links that the board has, active or not.</param>
/// <param name="ToSwitches">Links into NVSwitches: they reach every other board with such links.</param>
/// <param name="ToBoards">Links straight to a board, by its PCI address as <see cref="PciAddress"/> prints it.</param>
internal sealed record NvmlLinks(int Count, int ToSwitches, IReadOnlyDictionary<string, int> ToBoards);

// Ways between boards: NVLink, and the PCIe path where there is none.
internal sealed unsafe partial class NvmlLibrary
{
    private const int MostLinks = 36; // NVML_NVLINK_MAX_LINKS of header 13.3; older libraries refuse the upper ones

    /// <summary>Asks one board only; its peers are not touched.</summary>
    public NvmlLinks NvLinks(NvmlDevice device)
    {
        var (count, toSwitches) = (0, 0);
        var toBoards = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var link = 0u; link < MostLinks && _links.State != null; link++)
        {
            int active;
            var status = _links.State(device.Handle, link, &active);
            if (status == NvmlReturn.InvalidArgument)
                break; // past the last link
            if (NvmlStatus.StateOf(status, "nvmlDeviceGetNvLinkState") != ReadingState.Present)
                continue;
            count = (int)link + 1;
            if (active != 1)
                continue;
            if (IsSwitch(device, link))
                toSwitches++;
            else if (RemoteAddress(device, link) is { } peer)
                toBoards[peer] = toBoards.GetValueOrDefault(peer) + 1;
        }
        return new NvmlLinks(count, toSwitches, toBoards);
    }

    /// <summary>Links that are active now and that are not; absent for a board without any, unknown when one does not say.</summary>
    public (Reading Up, Reading Down) LinkStates(NvmlDevice device, int count)
    {
        if (count == 0 || _links.State == null)
            return default;
        var up = 0;
        for (var link = 0u; link < count; link++)
        {
            int active;
            var state = NvmlStatus.StateOf(_links.State(device.Handle, link, &active), "nvmlDeviceGetNvLinkState");
            if (state != ReadingState.Present || active is not (0 or 1))
                return (Reading.Unknown, Reading.Unknown);
            up += active;
        }
        return (Reading.Of(up), Reading.Of(count - up));
    }

    /// <summary>The PCIe path between two boards; <see cref="LinkKind.System"/> also when the driver does not say.</summary>
    public LinkKind PciePath(NvmlDevice first, NvmlDevice second)
    {
        int level;
        return _links.CommonAncestor != null && _links.CommonAncestor(first.Handle, second.Handle, &level) == NvmlReturn.Success
            ? level switch
            {
                0 => LinkKind.SameBoard,
                10 => LinkKind.SinglePcieSwitch,
                20 => LinkKind.PcieSwitches,
                30 => LinkKind.SameHostBridge,
                40 => LinkKind.SameNumaNode,
                _ => LinkKind.System,
            }
            : LinkKind.System;
    }

    /// <summary>Since 11.4; before, a link to a switch is known only by its address being no board's.</summary>
    private bool IsSwitch(NvmlDevice device, uint link)
    {
        const int nvSwitch = 2; // 0 GPU, 1 NPU, 255 unknown
        int type;
        return _links.RemoteType != null
            && NvmlStatus.StateOf(_links.RemoteType(device.Handle, link, &type), "nvmlDeviceGetNvLinkRemoteDeviceType") == ReadingState.Present
            && type == nvSwitch;
    }

    private string? RemoteAddress(NvmlDevice device, uint link)
    {
        NvmlPciInfo info;
        return _links.RemotePciInfo != null
            && NvmlStatus.StateOf(_links.RemotePciInfo(device.Handle, link, &info), "nvmlDeviceGetNvLinkRemotePciInfo_v2") == ReadingState.Present
            ? Core.Devices.PciAddress.Normalise(LibraryText.Of(info.BusId)) : null;
    }

    private readonly struct LinkCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<nint, uint, int*, NvmlReturn> State =
            (delegate* unmanaged[Cdecl]<nint, uint, int*, NvmlReturn>)exports.Find("nvmlDeviceGetNvLinkState");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, int*, NvmlReturn> RemoteType = // since 11.4
            (delegate* unmanaged[Cdecl]<nint, uint, int*, NvmlReturn>)exports.Find("nvmlDeviceGetNvLinkRemoteDeviceType");
        public readonly delegate* unmanaged[Cdecl]<nint, uint, NvmlPciInfo*, NvmlReturn> RemotePciInfo =
            (delegate* unmanaged[Cdecl]<nint, uint, NvmlPciInfo*, NvmlReturn>)exports.Find("nvmlDeviceGetNvLinkRemotePciInfo_v2");
        public readonly delegate* unmanaged[Cdecl]<nint, nint, int*, NvmlReturn> CommonAncestor =
            (delegate* unmanaged[Cdecl]<nint, nint, int*, NvmlReturn>)exports.Find("nvmlDeviceGetTopologyCommonAncestor");
    }
}
