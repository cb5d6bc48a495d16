using AIInfra.Bench;
using AIInfra.Bench.Fleet;

// bench [NAME...]: measures the budgets; without a name, all of them.
(string Name, Func<TextWriter, Task> Run)[] benches =
[
    ("limits", PhysicalLimits.RunAsync),
    ("grpc", output => Task.Run(() => GrpcServerCost.Run(output))),
    ("vendorhost", VendorHostCost.RunAsync),
    ("render", output => Task.Run(() => ScrapeCost.Run(output))),
    ("log", output => Task.Run(() => LogCost.Run(output))),
    ("npd", NpdCost.RunAsync),
    ("probes", ProbeCost.RunAsync),
    ("flood", LogCost.FloodAsync),
    ("kubelet", KubeletCost.RunAsync),
    ("sharing", SharingCost.RunAsync),
    ("vendorfiles", VendorFilesCost.RunAsync),
    ("libraries", LibraryVendorCost.RunAsync),
    ("firststart", FirstStartCost.RunAsync),
    ("reporting", ReportingCost.RunAsync),
    ("remediation", RemediationCost.RunAsync),
    ("fleetstore", FleetStoreCost.RunAsync),
    ("scrape", ScrapeShare.RunAsync),
    ("agent", AgentCost.RunAsync),
    ("package", PackageSize.RunAsync),
];

switch (args)
{
    case ["fleet-sim", var nodes, .. var more]:
        var count = int.Parse(nodes, System.Globalization.CultureInfo.InvariantCulture);
        return await MeasureAsync([($"fleet-{count}", output => FleetSim.RunAsync(output, count, more.FirstOrDefault()))], $"fleet-{count}.json");
    case ["idle"]:
        await Task.Delay(Timeout.Infinite);
        return 0;
    case ["doc", var file]:
        return await WithRunsAsync([file], runs => { Console.Out.Write(BenchPage.Render(runs[0])); return 0; });
    case ["compare", var first, var second]:
        return await WithRunsAsync([first, second], runs => BenchCompare.Print(runs[0], runs[1], Console.Out));
}
if (args.FirstOrDefault(name => benches.All(bench => bench.Name != name)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"There is no bench {unknown}. There are: {string.Join(", ", benches.Select(bench => bench.Name))}; and doc FILE, compare FILE FILE, fleet-sim N.");
    return 64;
}
return await MeasureAsync([.. benches.Where(bench => args.Length == 0 || args.Contains(bench.Name))], "bench.json");

static async Task<int> MeasureAsync((string Name, Func<TextWriter, Task> Run)[] chosen, string file)
{
    await using var output = new BenchOutput(Console.Out);
    output.Head();
    output.Note(Instructions.Availability);
    foreach (var (name, run) in chosen)
    {
        await output.RunAsync(name, run);
        BenchRun.Of(output).Save(Path.Combine(Environment.GetEnvironmentVariable("AIINFRA_BENCH_OUT") ?? "out/bench", file)); // after each: a run that is cut off is kept so far
    }
    BenchPage.Summarize(BenchRun.Of(output), Console.Out);
    return output.Failures.Count == 0 ? 0 : 1;
}

static async Task<int> WithRunsAsync(string[] files, Func<BenchRun[], int> use)
{
    try
    {
        return use([.. files.Select(BenchRun.Load)]);
    }
    catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
    {
        await Console.Error.WriteLineAsync(fault.Message);
        return 66;
    }
}
