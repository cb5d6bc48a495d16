using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorHost;

namespace AIInfra.Core.VendorFiles;

/// <summary>One board under its name in the driver's list, with its open files. The work is done on the vendor's thread, the rest belongs to the worker's flow,
/// which touches nothing here while a call hangs.</summary>
internal sealed class FileCard(string name)
{
    public string Name { get; } = name;
    public int Index { get; set; }
    /// <summary>What it said of itself last; null before.</summary>
    public FileBoard? Board { get; private set; }
    /// <summary>Why the newest description was refused; null when it was not.</summary>
    public VendorException? Fault { get; private set; }
    /// <summary>The call that hangs; null for none.</summary>
    public Task? Hang { get; set; }
    /// <summary>The board first, then its partitions.</summary>
    public ImmutableArray<Part> Parts { get; private set; } = [];

    public bool IsHung => Hang is { IsCompleted: false };

    public sealed class Part(string id, IDeviceFiles files)
    {
        private Reading[]? _last, _spare;

        public string Id { get; } = id;
        public IDeviceFiles Files { get; } = files;
        /// <summary>Of the newest round; null when it did not answer.</summary>
        public Reading[]? Now { get; private set; }
        public VendorException? Fault { get; private set; }

        /// <summary>An answer that says nothing new is the same array as the one before.</summary>
        public void Read(int fields)
        {
            var readings = _spare ?? new Reading[fields];
            _spare = null;
            Array.Clear(readings);
            (Now, Fault) = (null, null);
            try
            {
                Files.Read(readings);
                if (_last is not null && _last.AsSpan().SequenceEqual(readings))
                    (_spare, readings) = (readings, _last);
                Now = _last = readings;
            }
            catch (VendorException fault)
            {
                (_spare, Fault) = (readings, fault);
            }
        }
    }

    public void Describe(IFileDriver driver)
    {
        Fault = null;
        try
        {
            var board = driver.Describe(Name);
            Close();
            Board = board;
            Parts = [.. board.Partitions.Prepend(board.Device).Select(device => new Part(device.Id, driver.Open(Name, device)))];
        }
        catch (VendorException fault)
        {
            Fault = fault;
        }
    }

    public void Sample(int fields)
    {
        foreach (var part in Parts)
            part.Read(fields);
    }

    public void Close()
    {
        foreach (var part in Parts)
            part.Files.Dispose();
        Parts = [];
    }
}
