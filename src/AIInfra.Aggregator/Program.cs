using AIInfra.Aggregator;

return AggregatorCommandLine.Run(args);
