using AIInfra.Core.Hosting;

namespace AIInfra.Kubernetes.DevicePlugin;

/// <summary>What the registration of one resource says of itself: in /readyz always, in the log once for each kind of trouble until it was over.</summary>
/// <param name="part">Its name in /readyz.</param>
internal sealed class RegistrationState(string part, WorkerBoard board)
{
    /// <summary>The kind of the last trouble that was said; null when all is well.</summary>
    public string? Said { get; private set; }

    /// <summary>Shows the trouble; true when it has to be logged, too.</summary>
    public bool Say(string kind, string sentence)
    {
        board.NotReady(part, sentence);
        var isNew = Said != kind;
        Said = kind;
        return isNew;
    }

    /// <summary>Shows a trouble that is too young to be logged.</summary>
    public void Whisper(string sentence) => board.NotReady(part, sentence);

    /// <summary>Registered and read, but what was said before may come again at any moment.</summary>
    public void Ready() => board.Ready(part);

    public void AllIsWell()
    {
        Said = null;
        board.Ready(part);
    }

    public void Remove() => board.Remove(part);
}
