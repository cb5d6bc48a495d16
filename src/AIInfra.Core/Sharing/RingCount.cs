using AIInfra.Core.Devices;

namespace AIInfra.Core.Sharing;

/// <summary>How many rings the direct links of a set of devices form at once: ways around that visit each device once and share no link in the same direction.</summary>
/// <remarks>Two devices with two links form two. With more, each link carries a ring in either direction, so the count is even. Collective
/// communication runs one channel over each ring. Counted, not timed: what is not found within <see cref="MostSteps"/> is not counted.</remarks>
public static class RingCount
{
    private const int MostSteps = 20_000;

    /// <param name="enough">Counting stops there.</param>
    public static int Of(IReadOnlyList<Device> devices, int enough)
    {
        var links = new int[devices.Count * devices.Count];
        for (var one = 0; one < devices.Count; one++)
        {
            for (var other = 0; other < devices.Count; other++)
            {
                var count = one == other ? 0 : devices[one].Links.Where(link => link.Kind == LinkKind.Direct && link.PeerId == devices[other].Id).Select(link => link.Count).DefaultIfEmpty().Max();
                links[one * devices.Count + other] = Math.Max(count, links[other * devices.Count + one]); // one side may know more than the other
                links[other * devices.Count + one] = links[one * devices.Count + other];
            }
        }
        return Of(links, devices.Count, enough);
    }

    /// <param name="links">Symmetric, n × n, row by row: links between each two. Changed while it is counted, the same after it.</param>
    internal static int Of(int[] links, int count, int enough) => count < 2 ? 0 : count == 2 ? links[1] : 2 * new Search(links, count, Math.Min((enough + 1) / 2, MostOf(links, count) / 2)).Run();

    /// <summary>More than any set could have: a ring comes and goes once at each device.</summary>
    internal static int MostOf(int[] links, int count)
    {
        var least = int.MaxValue;
        for (var one = 0; one < count; one++)
        {
            var own = 0;
            for (var other = 0; other < count; other++)
                own += links[one * count + other];
            least = Math.Min(least, own);
        }
        return count == 2 ? least : least / 2 * 2;
    }

    private sealed class Search(int[] links, int count, int enough)
    {
        private readonly bool[] _isOn = new bool[count];
        private int _best;
        private int _steps;

        public int Run()
        {
            Find(0);
            return _best;
        }

        private bool IsOver => _best >= enough || _steps >= MostSteps;

        private void Find(int found)
        {
            _best = Math.Max(_best, found);
            if (IsOver || found + MostOf(links, count) / 2 <= _best)
                return;
            _isOn[0] = true;
            Step(0, 1, found);
            _isOn[0] = false;
        }

        /// <summary>Goes on along every link that is free; each ring that closes is taken out, and the next one looked for.</summary>
        private void Step(int at, int visited, int found)
        {
            _steps++;
            if (visited == count)
            {
                if (links[at * count] > 0)
                    Close(at, found);
                return;
            }
            for (var next = 1; next < count && !IsOver; next++)
            {
                if (_isOn[next] || links[at * count + next] == 0)
                    continue;
                Use(at, next, -1);
                _isOn[next] = true;
                Step(next, visited + 1, found);
                _isOn[next] = false;
                Use(at, next, 1);
            }
        }

        private void Close(int at, int found)
        {
            Use(at, 0, -1);
            var saved = (bool[])_isOn.Clone();
            Array.Clear(_isOn);
            Find(found + 1);
            saved.CopyTo(_isOn, 0);
            Use(at, 0, 1);
        }

        private void Use(int one, int other, int change)
        {
            links[one * count + other] += change;
            links[other * count + one] += change;
        }
    }
}
