using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace AIInfra.Core.VendorHost;

/// <summary>Finds and loads the file of a vendor's library. A library once loaded is never unloaded: its threads stay, its process is replaced.</summary>
/// <param name="Vendor">The key in the configuration: <c>vendors.NAME</c>.</param>
/// <param name="Driver">What brings the library, as in "NAME is not installed": <c>the NVIDIA driver</c>.</param>
/// <param name="Nature">What the library must be, as in "it is not NAME": <c>NVML, or older than CUDA 11</c>.</param>
/// <param name="Folders">Where drivers put it when the loader does not know.</param>
public sealed record LibrarySearch(string Vendor, string Driver, string Nature, ImmutableArray<string> Folders)
{
    private const string Call = "dlopen";

    /// <summary>The vendor's codes for a library and for a function that is not there; where it has none, any.</summary>
    public int MissingLibrary { get; init; } = -1;
    public int MissingFunction { get; init; } = -1;

    /// <param name="path">A path is taken as it is. A plain file name goes through the loader first, then through <see cref="Folders"/>.</param>
    /// <exception cref="VendorException">Absent: no such file anywhere. Refused: there is one and it cannot be loaded.</exception>
    public LibraryExports Load(string path)
    {
        string[] candidates = path.Contains('/', StringComparison.Ordinal) ? [path] : [path, .. Folders.Select(folder => Path.Combine(folder, path))];
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out var library))
                return new LibraryExports(name => NativeLibrary.TryGetExport(library, name, out var symbol) ? symbol : 0, this);
        }
        throw candidates.FirstOrDefault(File.Exists) is { } broken
            ? new VendorException(Call, MissingLibrary, VendorFault.Refused, $"{broken} is there but cannot be loaded; it is damaged or for another processor, or a library that it needs is not there ({WhyNot(broken)})")
            : new VendorException(Call, MissingLibrary, VendorFault.Absent, $"{path} was not found; {Driver} is not installed, or vendors.{Vendor}.library must name the file");
    }

    /// <summary>The loader's own words.</summary>
    private static string WhyNot(string path)
    {
        try
        {
            NativeLibrary.Load(path);
            return "it can be by now";
        }
        catch (Exception fault) when (fault is DllNotFoundException or BadImageFormatException)
        {
            return fault.Message.TrimEnd().Split('\n')[^1].Trim();
        }
    }
}

/// <summary>Symbol look-up in a loaded library. A missing symbol narrows what can be asked and is never an error by itself.</summary>
/// <param name="find">The address of a symbol; 0 when there is none.</param>
public sealed class LibraryExports(Func<string, nint> find, LibrarySearch search)
{
    /// <summary>The library is one of this project's simulators: no vendor's has this function.</summary>
    public bool IsSimulated { get; } = find("aiinfraSimulator") != 0;

    /// <summary>The first symbol that is there; 0 when none is. Newest name first.</summary>
    public nint Find(params ReadOnlySpan<string> newestFirst)
    {
        foreach (var name in newestFirst)
        {
            if (find(name) is var symbol and not 0)
                return symbol;
        }
        return 0;
    }

    /// <summary>A symbol without which nothing works.</summary>
    /// <exception cref="VendorException">Refused: the file is some other library, or far too old.</exception>
    public nint Require(string name) => find(name) is var symbol and not 0
        ? symbol
        : throw new VendorException(name, search.MissingFunction, VendorFault.Refused, $"the library has no such function; it is not {search.Nature}");
}
