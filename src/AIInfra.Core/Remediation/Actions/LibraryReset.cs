using AIInfra.Core.VendorHost;

namespace AIInfra.Core.Remediation.Actions;

/// <summary>Resets boards by the vendor's own library, in a child that is started for one reset and ends after it: the agent's other child has let go of the board by then.</summary>
/// <remarks>Nothing proves after a crash whether it happened.</remarks>
public sealed class LibraryReset(VendorHostLauncher launcher, string vendor, VendorOptions options, TimeProvider time)
{
    /// <summary>One board.</summary>
    /// <param name="atMost">Then it is not waited for any longer; the child stays until the driver lets go of it.</param>
    internal async Task<ActionResult> RunAsync(string pciAddress, TimeSpan atMost, CancellationToken cancellationToken)
    {
        var isAsked = false;
        try
        {
            using var client = await VendorHostClient.StartAsync(launcher, vendor, options.OpenTimeout, time, cancellationToken);
            await client.OpenAsync(options.Library, options.OpenTimeout, cancellationToken);
            isAsked = true;
            await client.ResetAsync(pciAddress, atMost, cancellationToken);
            return ActionResult.Done($"The library of {vendor} has reset {pciAddress}.");
        }
        catch (VendorException refusal)
        {
            return new ActionResult(isAsked && refusal.Fault != VendorFault.Refused ? ActionOutcome.Failed : ActionOutcome.NotPossible, $"{pciAddress}: {refusal.Message}.");
        }
        catch (VendorHostException fault)
        {
            return new ActionResult(isAsked ? ActionOutcome.Unknown : ActionOutcome.NotPossible, $"{pciAddress}: {fault.Message}");
        }
        catch (OperationCanceledException)
        {
            return isAsked ? ActionResult.Unknown($"The reset of {pciAddress} was asked for, and its end was not waited for.") : ActionResult.NotPossible($"There was no time left to reset {pciAddress}.");
        }
    }
}
