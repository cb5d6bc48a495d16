using AIInfra.Aggregator.Commands;

return await AggregatorCommandLine.RunAsync(args);
