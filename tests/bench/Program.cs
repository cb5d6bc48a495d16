using AIInfra.Bench;
using AIInfra.Bench.Fleet;

// bench [NAME...]: measures the budgets; without a name, all of them.
(string Name, Func<TextWriter, Task> Run)[] benches =
[
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
];

if (args is ["fleet-sim", var nodes, .. var more])
{
    await FleetSim.RunAsync(Console.Out, int.Parse(nodes, System.Globalization.CultureInfo.InvariantCulture), more.FirstOrDefault());
    return 0;
}
if (args is ["idle"])
{
    await Task.Delay(Timeout.Infinite);
    return 0;
}
if (args.FirstOrDefault(name => benches.All(bench => bench.Name != name)) is { } unknown)
{
    await Console.Error.WriteLineAsync($"There is no bench {unknown}. There are: {string.Join(", ", benches.Select(bench => bench.Name))}.");
    return 64;
}

Console.Out.Head();
foreach (var (name, run) in benches)
{
    if (args.Length == 0 || args.Contains(name))
        await run(Console.Out);
}
return 0;
