using AIInfra.Linux.Files;
using Microsoft.Extensions.Logging;

namespace AIInfra.Core.VendorHost;

/// <summary>When the child that serves has a library that no longer fits, and a new child takes over.</summary>
public sealed partial class VendorWorker
{
    private (FileVersion File, long At)? _refusedFile;
    private long? _renewed;

    /// <summary>A child that has opened the library as it is now, when there is a reason to start one; the old child serves until then.</summary>
    private Task<VendorChild?> SuccessorAsync(VendorChild child, CancellationToken cancellationToken) =>
        !_abandoned.IsEmpty ? Task.FromResult<VendorChild?>(null)
        : child.File?.Replacement() is { } file ? UpgradedAsync(child, child.File, file, cancellationToken)
        : WhyOutdated(child) is { } why ? RenewedAsync(child, why, cancellationToken)
        : Task.FromResult<VendorChild?>(null);

    private async Task<VendorChild?> UpgradedAsync(VendorChild child, LibraryFile library, FileVersion file, CancellationToken cancellationToken)
    {
        if (_refusedFile is { } refused && refused.File == file && _time.GetElapsedTime(refused.At) < LookAgain)
            return null;
        try
        {
            var next = await OpenAsync(cancellationToken);
            LogUpgraded(_definition.Name, library.Path, child.Info.LibraryVersion, next.Info.LibraryVersion);
            return next;
        }
        catch (Exception fault) when (fault is VendorException or VendorHostException)
        {
            if (_refusedFile?.File != file)
                LogUpgradeRefused(_definition.Name, library.Path, fault.Message);
            _refusedFile = (file, _time.GetTimestamp());
            if (fault is VendorException refusal)
                AreRefusalsTold(refusal);
            return null;
        }
    }

    /// <summary>The driver was changed below a child that keeps the library of the one before: the module says another version, or every board
    /// answers that it is lost. Null when nothing speaks for it.</summary>
    private string? WhyOutdated(VendorChild child) =>
        child.ModuleVersion is { } loaded && _module?.ReadVersion() is { } now && now != loaded ? $"its kernel module is version {now}, and was {loaded}"
        : _rounds.AreAllLost ? "all of its boards answer that they are lost"
        : null;

    /// <summary>Tried once a minute: boards that are lost in truth are lost for every child.</summary>
    private async Task<VendorChild?> RenewedAsync(VendorChild child, string why, CancellationToken cancellationToken)
    {
        if (_renewed is { } last && _time.GetElapsedTime(last) < LookAgain)
            return null;
        _renewed = _time.GetTimestamp();
        try
        {
            var next = await OpenAsync(cancellationToken);
            LogRenewed(_definition.Name, why, child.Info.DriverVersion, next.Info.DriverVersion);
            return next;
        }
        catch (Exception fault) when (fault is VendorException or VendorHostException)
        {
            LogRenewalRefused(_definition.Name, why, fault.Message);
            if (fault is VendorException refusal)
                AreRefusalsTold(refusal);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor}: {Path} was replaced on disk; a new vendor host has loaded it (library {Before} before, {Now} now)")]
    private partial void LogUpgraded(string vendor, string path, string? before, string? now);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: {Path} was replaced on disk and the new file does not work: {Reason}. The old one serves on; tried again every 60 s")]
    private partial void LogUpgradeRefused(string vendor, string path, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Vendor}: {Why}; a new vendor host has taken over (driver {Before} before, {Now} now)")]
    private partial void LogRenewed(string vendor, string why, string? before, string? now);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Vendor}: {Why}, and a new vendor host does not work: {Reason}. The old one serves on; tried again every 60 s")]
    private partial void LogRenewalRefused(string vendor, string why, string reason);
}
