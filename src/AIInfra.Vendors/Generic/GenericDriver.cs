using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using AIInfra.Core.Devices;
using AIInfra.Core.Hosting;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Generic;

/// <summary>Finds the devices that the rows describe, and reads what the rows say.</summary>
/// <param name="evidence">By device: what its failing check holds, for the rules.</param>
internal sealed class GenericDriver(HostPaths host, ImmutableArray<GenericRow> rows, ConcurrentDictionary<string, string> evidence) : IFileDriver
{
    private const string Bus = "bus/pci/devices";
    /// <summary>What a slot holds is asked again after so many rounds: another board may be in it.</summary>
    private const int RoundsToForget = 6;

    private readonly KernelTree _sys = new(host.Sys);
    private readonly KernelTree _dev = new(host.Dev);
    private Dictionary<string, Function?> _functions = new(StringComparer.Ordinal);
    private Dictionary<string, Place> _places = new(StringComparer.Ordinal); // name -> where it is
    private int _rounds;

    public FieldTable Fields => GenericFields.Table;

    /// <param name="Number">See {n}.</param>
    private sealed record Place(GenericRow Row, string Folder, string? Address, int Number);

    private sealed record Function(ushort Maker, ushort Device, string Class, string? Driver);

    public FileListing List()
    {
        if (++_rounds % RoundsToForget == 0)
            _functions = new Dictionary<string, Function?>(StringComparer.Ordinal);
        var addresses = _sys.Names(Bus);
        foreach (var address in addresses.Where(address => !_functions.ContainsKey(address)))
            _functions[address] = ReadFunction(address);
        var places = new Dictionary<string, Place>(StringComparer.Ordinal);
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var place in rows.SelectMany(row => row.Sysfs is null ? OfBus(row, addresses) : OfFolders(row)))
        {
            var name = place.Address ?? place.Folder[(place.Folder.LastIndexOf('/') + 1)..];
            if (places.TryAdd(name, place))
                names.Add(name);
        }
        _places = places;
        return new FileListing(names.ToImmutable(), null);
    }

    public FileBoard Describe(string name)
    {
        var (row, folder, address, number) = PlaceOf(name);
        var (own, missing) = Nodes(row, folder, number);
        if (missing is not null)
            throw new VendorException($"{host.Sys}/{folder}", 2, VendorFault.Transient, $"{name} ({row.Name}, {row.Mark}): no node fits {missing}; its driver is not loaded, or the row is wrong");
        return new FileBoard(new Device
        {
            Id = name,
            Vendor = GenericFields.Vendor,
            Model = row.Model,
            ResourceName = ResourceOf(row, folder),
            NodeName = own.FirstOrDefault(),
            PciAddress = address,
            NumaNode = address is null && _sys.Number($"{folder}/device/numa_node") is >= 0 and <= 4096 and var node ? (int)node : null,
            DeviceNodes = [.. own, .. row.SharedNodes.SelectMany(pattern => _dev.Match(pattern))],
            Traits = ImmutableSortedDictionary<string, string>.Empty.Add(GenericFields.RowTrait, row.Name).Add(GenericFields.NumberTrait, number.ToString(CultureInfo.InvariantCulture)),
        }, []);
    }

    public IDeviceFiles Open(string name, Device device) => new GenericFiles(_sys, PlaceOf(name).Folder, PlaceOf(name).Row, device.Id, evidence);

    private Place PlaceOf(string name) => _places.GetValueOrDefault(name) ?? throw new VendorException(name, 2, VendorFault.Transient, $"{name} went away while it was described");

    private IEnumerable<Place> OfBus(GenericRow row, ImmutableArray<string> addresses) => addresses
        .Where(address => _functions.GetValueOrDefault(address) is { } function && Fits(row, function) && !_sys.Has($"{Bus}/{address}/physfn"))
        .Where(address => row.Requires is null || !_sys.Match($"{Bus}/{address}/{row.Requires}").IsEmpty)
        .Order(StringComparer.Ordinal)
        .Select((address, index) => new Place(row, $"{Bus}/{address}", address, index));

    private IEnumerable<Place> OfFolders(GenericRow row)
    {
        foreach (var folder in _sys.Match(row.Sysfs!))
        {
            var address = AddressOf(folder);
            if (!row.Pci.IsEmpty && !(address is not null && _functions.GetValueOrDefault(address) is { } function && Fits(row, function)))
                continue;
            if (row.Requires is not null && _sys.Match($"{folder}/{row.Requires}").IsEmpty)
                continue;
            var digits = folder.Length - folder.AsSpan().TrimEnd("0123456789").Length;
            yield return new Place(row, folder, address, int.TryParse(folder.AsSpan(folder.Length - digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0);
        }
    }

    /// <summary>The folder's own device, or the nearest PCI function above it.</summary>
    private string? AddressOf(string folder)
    {
        if (_sys.LinkName($"{folder}/device") is { } name && PciAddress.Normalise(name) is { } own && own == name)
            return own;
        return new Linux.Files.RootedFiles(host.Sys).Resolve($"/{folder}") is { } path ? path.Split('/').LastOrDefault(step => PciAddress.Normalise(step) == step) : null;
    }

    private static bool Fits(GenericRow row, Function function) => row.Pci.Any(ids => ids.Has(function.Maker, function.Device))
        && (row.PciClasses.IsEmpty || row.PciClasses.Any(start => function.Class.StartsWith(start, StringComparison.Ordinal)))
        && (row.Drivers.IsEmpty || (function.Driver is { } driver && row.Drivers.Contains(driver)));

    private Function? ReadFunction(string address) =>
        _sys.Number($"{Bus}/{address}/vendor") is >= 0 and <= ushort.MaxValue and var maker && _sys.Number($"{Bus}/{address}/device") is >= 0 and <= ushort.MaxValue and var device
            ? new Function((ushort)maker, (ushort)device, _sys.Text($"{Bus}/{address}/class") ?? "", _sys.LinkName($"{Bus}/{address}/driver")) : null;

    private (ImmutableArray<string> Own, string? Missing) Nodes(GenericRow row, string folder, int number)
    {
        var own = ImmutableArray.CreateBuilder<string>();
        foreach (var template in row.Nodes)
        {
            var isFilled = true;
            var node = GenericTemplate.Fill(template, place =>
            {
                var text = place switch
                {
                    "n" => number.ToString(CultureInfo.InvariantCulture),
                    "name" => folder[(folder.LastIndexOf('/') + 1)..],
                    _ when place.StartsWith("link:", StringComparison.Ordinal) => _sys.LinkName($"{folder}/{place[5..]}"),
                    _ => _sys.Match($"{folder}/{place[5..]}") is [var first, ..] ? first[(first.LastIndexOf('/') + 1)..] : null,
                };
                isFilled &= text is not null;
                return text ?? "";
            });
            if (!isFilled)
                return ([], template);
            own.Add(node);
        }
        return (own.ToImmutable(), null);
    }

    /// <summary>What a file holds becomes part of the name as far as a name may have it; where there is no such file, its dash goes too.</summary>
    private string ResourceOf(GenericRow row, string folder)
    {
        var name = GenericTemplate.Fill(row.Resource, place => Clean(_sys.Match($"{folder}/{place[5..]}") is [var file, ..] ? _sys.Text(file) : null)).TrimEnd('-', '_', '.');
        while (name.Contains("--", StringComparison.Ordinal))
            name = name.Replace("--", "-", StringComparison.Ordinal);
        return name;
    }

    private static string Clean(string? text) => text is null ? "" : new string([.. text.Select(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' ? letter : '-').Take(30)]).Trim('-');
}
