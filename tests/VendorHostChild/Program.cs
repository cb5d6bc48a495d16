using System.Globalization;
using AIInfra.Core.Health.Probes;
using AIInfra.Core.VendorHost;
using AIInfra.VendorHostChild;

// A vendor host like the daemon's, with a library that does what a folder of files says; and a probe host. ARGUMENTS: FOLDER vendor-host NAME, FOLDER probe-host CHECK TARGET..., FOLDER journal KIND WHERE, FOLDER hammer CONNECTION SHARE OF NODES, FOLDER node-steps KUBECONFIG NODE, or FOLDER aggregator CONFIG.
if (args is not [var folder, .. var rest])
    return 64;
if (rest is ["as-parent"])
    return await StuckParent.RunAsync(folder);
if (rest is ["journal", var proof, var where])
    return await JournaledAct.RunAsync(folder, proof, where);
if (rest is ["hammer", var connection, var share, var of, var nodes])
    return await GrantHammer.RunAsync(folder, connection, int.Parse(share, CultureInfo.InvariantCulture), int.Parse(of, CultureInfo.InvariantCulture), int.Parse(nodes, CultureInfo.InvariantCulture));
if (rest is ["node-steps", var kubeconfig, var node])
    return await JournaledDrain.RunAsync(folder, kubeconfig, node);
if (rest is ["aggregator", var config])
    return await AIInfra.Aggregator.Commands.AggregatorCommandLine.RunAsync(["run", "--config", config]);
if (ProbeHostProcess.IsAsked(rest))
    return ProbeHostProcess.Run(rest);
if (!VendorHostProcess.IsAsked(rest))
    return 64;
return Impostor.Plays(folder) ?? VendorHostProcess.Run(rest, _ => new ScriptedLibrary(folder));
