using System.Collections.Immutable;
using AIInfra.Core.Sampling;
using AIInfra.Core.VendorFiles;
using AIInfra.Core.VendorHost;

namespace AIInfra.Vendors.Intel;

/// <summary>The open files of one Intel GPU, or of one tile of it.</summary>
internal sealed class IntelFiles : IDeviceFiles
{
    private static readonly int Awake = IntelFields.Table["awake_ratio"], Idle = IntelFields.Table["idle_seconds_total"], Clock = IntelFields.Table["graphics_clock_hertz"],
        Requested = IntelFields.Table["graphics_clock_requested_hertz"], Limit = IntelFields.Table["graphics_clock_limit_hertz"], Most = IntelFields.Table["graphics_clock_max_hertz"],
        Video = IntelFields.Table["video_clock_hertz"], Throttled = IntelFields.Table["throttled"], ForPower = IntelFields.Table["throttled_power"],
        ForHeat = IntelFields.Table["throttled_thermal"], Fan = IntelFields.Table["fan_rpm"], MemoryTotal = IntelFields.Table["memory_total_bytes"],
        Survivability = IntelFields.Table["survivability"];

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<IntelGtFiles> _gts;
    private readonly ImmutableArray<(int Place, double Scale, KernelFile File)> _numbers;
    private readonly ImmutableArray<(int Energy, int Power, KernelFile File, IntelRate Rate)> _energies;
    private readonly ImmutableArray<KernelFile> _fans;
    private readonly ImmutableArray<(int Place, KernelFile File)> _errors;
    private readonly Reading _memory, _survivability;

    private IntelFiles(KernelTree sys, string folder, ImmutableArray<IntelGt> gts, IntelSensors sensors, IEnumerable<(string Field, double Scale, string File)> links, long? memory, Reading survivability, TimeProvider time)
    {
        (_folder, _time, _survivability) = (folder, time, survivability);
        _memory = memory is { } bytes ? Reading.Of(bytes) : Reading.Absent;
        KernelFile Open(string path) => KernelFile.Open(sys.Here(path));
        _gts = [.. gts.Select(gt => new IntelGtFiles(sys, gt))];
        _numbers = [.. sensors.Numbers.Concat(links).Select(row => (IntelFields.Table[row.Field], row.Scale, Open(row.File)))];
        _energies = [.. sensors.Energies.Select(row => (IntelFields.Table[row.Energy], IntelFields.Table[row.Power], Open(row.File), new IntelRate()))];
        _fans = [.. sensors.Fans.Select(Open)];
        _errors = [.. gts.SelectMany(gt => IntelErrors.Find(sys, gt.Errors)).Select(row => (IntelFields.Table[row.Field], Open(row.File)))];
    }

    /// <param name="port">Where its PCIe link is told.</param>
    /// <param name="isLost">It asks for its firmware, see <see cref="IntelRules.SurvivabilityId"/>.</param>
    /// <param name="canBeLost">Its driver knows that state.</param>
    public static IntelFiles OfBoard(KernelTree sys, string folder, string port, ImmutableArray<IntelGt> gts, long? memory, bool isLost, bool canBeLost, TimeProvider time) =>
        new(sys, folder, gts, IntelSensors.OfBoard(sys, folder),
            [("pcie_link_speed_gigatransfers", 1, $"{port}/current_link_speed"), ("pcie_link_width", 1, $"{port}/current_link_width")], memory, canBeLost || isLost ? Reading.Of(isLost ? 1 : 0) : Reading.Absent, time);

    public static IntelFiles OfTile(KernelTree sys, string folder, ImmutableArray<IntelGt> gts, long? memory, TimeProvider time) =>
        new(sys, folder, gts, IntelSensors.OfTile(sys, folder, gts), [], memory, Reading.Absent, time);

    public void Read(Span<Reading> readings)
    {
        var now = _time.GetTimestamp();
        var answers = _survivability is { IsPresent: true, Value: 1 };
        foreach (var (place, scale, file) in _numbers)
        {
            readings[place] = file.ReadNumber(scale);
            answers |= readings[place].IsPresent;
        }
        foreach (var (energy, power, file, rate) in _energies)
        {
            var joules = file.ReadNumber(1e-6);
            readings[energy] = joules;
            readings[power] = rate.PerSecond(joules, _time, now);
            answers |= joules.IsPresent;
        }
        foreach (var fan in _fans)
            readings[Fan] = IntelGtFiles.Highest(readings[Fan], fan.ReadNumber());
        answers |= ReadGts(readings, now);
        foreach (var (place, file) in _errors)
        {
            if (file.ReadNumber() is { IsPresent: true } count)
                readings[place] = Reading.Of((readings[place].IsPresent ? readings[place].Value : 0) + count.Value);
        }
        (readings[MemoryTotal], readings[Survivability]) = (_memory, _survivability);
        if (!answers)
            throw new VendorException(_folder, 5, VendorFault.Transient, $"no file of {_folder} answers; the GPU is being reset or taken away, or is gone from the bus");
    }

    private bool ReadGts(Span<Reading> readings, long now)
    {
        var (idle, awake, idles, awakes, answers) = (0.0, 0.0, 0, 0, false);
        foreach (var gt in _gts)
        {
            var read = gt.Read(_time, now);
            answers |= read.Clock.IsPresent || read.Idle.IsPresent;
            if (gt.IsMedia)
            {
                readings[Video] = IntelGtFiles.Highest(readings[Video], read.Clock);
                continue;
            }
            readings[Clock] = IntelGtFiles.Highest(readings[Clock], read.Clock);
            readings[Requested] = IntelGtFiles.Highest(readings[Requested], read.Requested);
            readings[Limit] = IntelGtFiles.Highest(readings[Limit], read.Limit);
            readings[Most] = IntelGtFiles.Highest(readings[Most], read.Most);
            readings[Throttled] = IntelGtFiles.Highest(readings[Throttled], read.Throttled);
            readings[ForPower] = IntelGtFiles.Highest(readings[ForPower], read.ForPower);
            readings[ForHeat] = IntelGtFiles.Highest(readings[ForHeat], read.ForHeat);
            if (read.Idle.IsPresent)
                (idle, idles) = (idle + read.Idle.Value, idles + 1);
            if (read.Awake.IsPresent)
                (awake, awakes) = (awake + read.Awake.Value, awakes + 1);
        }
        if (idles > 0)
            readings[Idle] = Reading.Of(idle / idles);
        if (awakes > 0)
            readings[Awake] = Reading.Of(awake / awakes);
        return answers;
    }

    public void Dispose()
    {
        foreach (var gt in _gts)
            gt.Dispose();
        foreach (var number in _numbers)
            number.File.Dispose();
        foreach (var energy in _energies)
            energy.File.Dispose();
        foreach (var fan in _fans)
            fan.Dispose();
        foreach (var error in _errors)
            error.File.Dispose();
    }
}
