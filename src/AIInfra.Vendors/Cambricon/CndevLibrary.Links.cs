using AIInfra.Core.Devices;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Cambricon;

/// <summary>Where an MLU-Link port that is up ends.</summary>
/// <param name="IsSwitch">It ends in a switch: it reaches every board of the switch.</param>
/// <param name="PeerUuid">36 characters, without prefix; null when the port does not say. Outside input.</param>
/// <param name="PeerNumber">See <see cref="CndevLibrary.Uuid"/>; 0: not told.</param>
internal readonly record struct CndevLinkEnd(bool IsSwitch, string? PeerUuid, ulong PeerNumber);

/// <summary>What a port counts, since the driver was loaded.</summary>
internal readonly record struct CndevLinkCounts(
    Reading ReadBytes, Reading WrittenBytes, Reading Replays, Reading Fatal, Reading EccDouble, Reading Crc24, Reading Crc32, Reading Corrected, Reading Uncorrected);

// MLU-Link, and the way over PCIe between two boards.
internal sealed unsafe partial class CndevLibrary
{
    private const int Down = 0;

    /// <summary>Ports that the board has, connected or not; 0 for a board without MLU-Link.</summary>
    public int LinkPorts(CndevDevice device) => _links.Ports == null ? 0 : Math.Clamp(_links.Ports(device.Handle), 0, Cndev.MostLinks); // an error is no number of ports

    /// <summary>Where the ports that are up end. Asks one board only; its peers are not touched.</summary>
    public List<CndevLinkEnd> LinkEnds(CndevDevice device)
    {
        var ends = new List<CndevLinkEnd>();
        for (var port = 0; port < LinkPorts(device); port++)
        {
            if (LinkState(device, port).Mac is not { IsPresent: true, Value: not Down } || _links.Remote == null)
                continue;
            var info = new CndevMLULinkRemoteInfo { Version = Cndev.Version };
            if (CndevStatus.StateOf(_links.Remote(&info, device.Handle, port), "cndevGetMLULinkRemoteInfo") == ReadingState.Present && info.ConnectType is 0 or 1)
                ends.Add(new CndevLinkEnd(info.ConnectType == 1, LibraryText.Of(info.Uuid), info.NcsUUID64));
        }
        return ends;
    }

    /// <summary>The port: 0 down, 1 up, 2 its peer has spoken, 3 ready; and its wire: 0 off, 1 on, 2 being set up.</summary>
    public (Reading Mac, Reading Serdes) LinkState(CndevDevice device, int port)
    {
        if (_links.Status == null)
            return default;
        CndevMLULinkStatusV2 info;
        var state = CndevStatus.StateOf(_links.Status(&info, device.Handle, port), "cndevGetMLULinkStatusV2");
        return (Checked(state, info.MacState, 1, 3), Checked(state, info.SerdesState, 1, 2));
    }

    /// <summary>Bytes a second.</summary>
    public Reading LinkSpeed(CndevDevice device, int port)
    {
        if (_links.Speed == null)
            return Reading.Absent;
        var info = new CndevMLULinkSpeed { Version = Cndev.Version };
        return Checked(CndevStatus.StateOf(_links.Speed(&info, device.Handle, port), "cndevGetMLULinkSpeedInfo"), info.SpeedValue, 1e9, 10_000);
    }

    public CndevLinkCounts LinkCounts(CndevDevice device, int port)
    {
        if (_links.Counter == null)
            return default;
        var info = new CndevMLULinkCounter { Version = Cndev.Version };
        var state = CndevStatus.StateOf(_links.Counter(&info, device.Handle, port), "cndevGetMLULinkCounter");
        Reading Count(ulong value) => Checked(state, value, 1, MostCount);
        return new CndevLinkCounts(Count(info.CntrReadByte), Count(info.CntrWriteByte), Count(info.ErrReplay), Count(info.ErrFatal), Count(info.ErrEccDouble),
            Count(info.ErrCRC24), Count(info.ErrCRC32), Count(info.ErrCorrected), Count(info.ErrUncorrected));
    }

    /// <summary>How often the port went down.</summary>
    public Reading LinkDowns(CndevDevice device, int port)
    {
        if (_links.Events == null)
            return Reading.Absent;
        CndevMLULinkEventCounter info;
        return Checked(CndevStatus.StateOf(_links.Events(&info, device.Handle, port), "cndevGetMLULinkEventCounter"), info.LinkDown, 1, MostCount);
    }

    /// <summary>The way over PCIe between two boards; <see cref="LinkKind.System"/> also when the driver does not say. Two chips of one card are one board.</summary>
    public LinkKind PciePath(CndevDevice first, CndevDevice second)
    {
        var info = new CndevTopologyRelationship { Version = Cndev.Version };
        return _relationship != null && _relationship(&info, first.Handle, second.Handle) == CndevReturn.Success
            ? info.Relation switch
            {
                0 or 1 => LinkKind.SameBoard,
                2 => LinkKind.SinglePcieSwitch,
                3 => LinkKind.PcieSwitches,
                4 => LinkKind.SameHostBridge,
                5 => LinkKind.SameNumaNode,
                _ => LinkKind.System,
            }
            : LinkKind.System;
    }

    private readonly struct LinkCalls(LibraryExports exports)
    {
        public readonly delegate* unmanaged[Cdecl]<int, int> Ports = (delegate* unmanaged[Cdecl]<int, int>)exports.Find("cndevGetMLULinkPortNumber");
        public readonly delegate* unmanaged[Cdecl]<CndevMLULinkStatusV2*, int, int, CndevReturn> Status =
            (delegate* unmanaged[Cdecl]<CndevMLULinkStatusV2*, int, int, CndevReturn>)exports.Find("cndevGetMLULinkStatusV2");
        public readonly delegate* unmanaged[Cdecl]<CndevMLULinkRemoteInfo*, int, int, CndevReturn> Remote =
            (delegate* unmanaged[Cdecl]<CndevMLULinkRemoteInfo*, int, int, CndevReturn>)exports.Find("cndevGetMLULinkRemoteInfo");
        public readonly delegate* unmanaged[Cdecl]<CndevMLULinkCounter*, int, int, CndevReturn> Counter =
            (delegate* unmanaged[Cdecl]<CndevMLULinkCounter*, int, int, CndevReturn>)exports.Find("cndevGetMLULinkCounter");
        public readonly delegate* unmanaged[Cdecl]<CndevMLULinkEventCounter*, int, int, CndevReturn> Events =
            (delegate* unmanaged[Cdecl]<CndevMLULinkEventCounter*, int, int, CndevReturn>)exports.Find("cndevGetMLULinkEventCounter");
        public readonly delegate* unmanaged[Cdecl]<CndevMLULinkSpeed*, int, int, CndevReturn> Speed =
            (delegate* unmanaged[Cdecl]<CndevMLULinkSpeed*, int, int, CndevReturn>)exports.Find("cndevGetMLULinkSpeedInfo");
    }
}
