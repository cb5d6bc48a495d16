using AIInfra.Agent.Commands;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.VendorHost;
using AIInfra.Vendors;

if (VendorHostProcess.IsAsked(args))
    return VendorHostProcess.Run(args, VendorLibraries.Create); // the child: before any host or command-line type is touched
if (ProbeHostProcess.IsAsked(args))
    return ProbeHostProcess.Run(args);

return await AgentCommandLine.RunAsync(args);
