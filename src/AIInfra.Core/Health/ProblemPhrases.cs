namespace AIInfra.Core.Health;

/// <summary>What the words of a problem mean for its reader, in both languages.</summary>
public static class ProblemPhrases
{
    public static InTwoLanguages Of(Severity severity) => severity switch
    {
        Severity.Info => new("It is recorded, shown and counted. The device stays Healthy and keeps its work.", "记录、显示并计数。设备保持 Healthy，任务继续。"),
        Severity.Degraded => new("It is shown as a problem worth an alert. The device stays Healthy and may get new work.", "作为值得告警的问题显示。设备保持 Healthy，仍可接受新任务。"),
        _ => new("The device is reported Unhealthy to the kubelet and gets no new work until the problem clears; running pods are left alone. On the node as a whole it is an alert.",
            "向 kubelet 报告设备 Unhealthy，问题清除前不再分配新任务；不触碰正在运行的 Pod。若对象是整个节点，则为告警。"),
    };

    public static InTwoLanguages Of(Cause cause) => cause switch
    {
        Cause.Application => new("a program", "应用程序"),
        Cause.Driver => new("the driver or its firmware", "驱动或固件"),
        Cause.Hardware => new("the hardware", "硬件"),
        Cause.Fabric => new("the links between devices", "设备间互联"),
        _ => new("the host", "主机"),
    };

    public static InTwoLanguages Of(SuggestedAction action) => action switch
    {
        SuggestedAction.None => new("Nothing.", "无需处理。"),
        SuggestedAction.Observe => new("Watch whether it returns.", "观察是否再次出现。"),
        SuggestedAction.TellPod => new("Restart the workload, and look into it: the device is good.", "重启工作负载并检查它：设备是好的。"),
        SuggestedAction.RestartService => new("Restart the service that is named.", "重启所指的服务。"),
        SuggestedAction.ResetDevice => new("Reset the device once no process uses it.", "在没有进程使用时复位设备。"),
        SuggestedAction.Drain => new("Cordon and drain the node; someone must look at it.", "隔离并排空节点；需要有人检查。"),
        SuggestedAction.Reboot => new("Drain the node and boot it.", "排空节点并重启主机。"),
        _ => new("Drain the node and replace the part.", "排空节点并更换部件。"),
    };

    public static InTwoLanguages Of(Clearing clearing) => clearing.Kind switch
    {
        ClearingKind.Quiet when clearing.Quiet.TotalHours >= 1 => new($"after {clearing.Quiet.TotalHours:0} h without another sighting", $"连续 {clearing.Quiet.TotalHours:0} 小时不再出现后"),
        ClearingKind.Quiet => new($"after {clearing.Quiet.TotalMinutes:0} min without another sighting", $"连续 {clearing.Quiet.TotalMinutes:0} 分钟不再出现后"),
        ClearingKind.HealthyReading => new("when its source reads healthy again", "来源再次读到正常值时"),
        ClearingKind.DeviceReset => new("when there is proof that the device was reset, or the node has booted", "有证据表明设备已复位或主机已重启时"),
        ClearingKind.Boot => new("when the node has booted and the device answers", "主机重启且设备应答后"),
        _ => new("only by hand", "只能人工清除"),
    };
}
