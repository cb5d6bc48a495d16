namespace AIInfra.Core.Sharing;

/// <summary>How much of each shared device is in use while a choice is made.</summary>
internal sealed class SharedPlaces
{
    private readonly int[] _used; // by place: units that are not free, and those chosen
    private readonly List<int>[] _free; // by place: units that are free, the next one first
    private readonly HashSet<int> _chosen = [];
    private readonly List<int> _units = [];

    public SharedPlaces(UnitTopology topology, int[] candidates, bool[] isFixed)
    {
        _used = new int[topology.Places];
        _free = [.. Enumerable.Range(0, topology.Places).Select(_ => new List<int>())];
        for (var unit = 0; unit < topology.Count; unit++)
            _used[topology.PlaceOf(unit)]++;
        foreach (var unit in candidates)
        {
            var place = topology.PlaceOf(unit);
            if (isFixed[unit])
            {
                _units.Add(unit);
                _chosen.Add(place);
            }
            else
            {
                _used[place]--;
                _free[place].Add(unit);
            }
        }
    }

    /// <summary>Units chosen so far.</summary>
    public int Taken => _units.Count;
    public IEnumerable<int> Chosen => _chosen.Order();
    public bool IsChosen(int place) => _chosen.Contains(place);
    /// <summary>Places that have a free unit.</summary>
    public IEnumerable<int> Open => Enumerable.Range(0, _free.Length).Where(place => _free[place].Count > 0);

    /// <summary>The places that the next unit may come from. At least one while a unit is free.</summary>
    public int[] Next(SharedPlacement placement)
    {
        var open = Open.ToArray();
        var load = placement == SharedPlacement.Packed ? open.Max(place => _used[place]) : open.Min(place => _used[place]);
        return [.. open.Where(place => _used[place] == load)];
    }

    /// <returns>How many were taken: as many as wanted, or all that are free there.</returns>
    public int Take(int place, int wanted)
    {
        var taken = Math.Min(wanted, _free[place].Count);
        _units.AddRange(_free[place].Take(taken));
        _free[place].RemoveRange(0, taken);
        _used[place] += taken;
        _chosen.Add(place);
        return taken;
    }

    /// <summary>In the order of the resource.</summary>
    public IEnumerable<int> Units() => _units.Order();
}
