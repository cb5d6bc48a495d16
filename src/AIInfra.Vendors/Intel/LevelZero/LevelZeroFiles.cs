using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;

namespace AIInfra.Vendors.Intel.LevelZero;

/// <summary>A GPU's or tile's files, and beside them what Level Zero said of it last.</summary>
internal sealed class LevelZeroFiles(IDeviceFiles files, string id, LevelZeroReadings levelZero) : IDeviceFiles
{
    private readonly bool[] _known = new bool[IntelFields.Table.Count];

    public void Read(Span<Reading> readings)
    {
        files.Read(readings);
        levelZero.Fill(id, readings, _known);
    }

    public void Dispose() => files.Dispose();
}
