using System.Collections.Concurrent;
using AIInfra.Testing;
using Microsoft.Playwright;

namespace AIInfra.EndToEndTests.FleetPage;

/// <summary>The distribution's Chromium, driven by Playwright. Pictures go to <c>out/screenshots</c>.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <param name="program">What starts it, where it is not to run as it is.</param>
    public static async Task<Chromium> StartAsync(string program = "/usr/bin/chromium")
    {
        Directory.CreateDirectory(RepositoryRoot.Combine("out", "screenshots"));
        var playwright = await Playwright.CreateAsync();
        return new Chromium(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = program,
            Args = Environment.UserName == "root" ? ["--no-sandbox"] : [],
        }));
    }

    /// <param name="token">Null: nobody has entered one.</param>
    public async Task<OpenPage> OpenAsync(string scheme, string language, int width, int height, string? token)
    {
        var context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true, // the aggregator's own authority
            Locale = language,
            ColorScheme = scheme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ViewportSize = new ViewportSize { Width = width, Height = height },
        });
        if (token is not null)
            await context.AddInitScriptAsync($"if (!sessionStorage.getItem('opened')) {{ sessionStorage.setItem('opened', '1'); sessionStorage.setItem('aiinfra.token', '{token}'); }}");
        await context.AddInitScriptAsync("addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))");
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(20_000);
        return new OpenPage(page, context);
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}

/// <summary>A page, and what it complained of.</summary>
internal sealed class OpenPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = new();

    public OpenPage(IPage page, IBrowserContext context)
    {
        (Page, _context) = (page, context);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                _complaints.Enqueue(message.Text);
        };
        page.PageError += (_, fault) => _complaints.Enqueue(fault);
    }

    public IPage Page { get; }

    /// <summary>Console errors, warnings, uncaught exceptions and violations of the policy.</summary>
    public IEnumerable<string> Complaints => _complaints;

    /// <summary>Goes to a view within the page, and waits until it shows what it has.</summary>
    public async Task GoAsync(string view)
    {
        await Page.EvaluateAsync("view => { location.hash = view; }", view);
        await ReadyAsync();
    }

    public Task ReadyAsync() => Page.WaitForFunctionAsync("() => document.querySelector('.link.live') && !document.querySelector('.loading, [aria-busy]')");

    /// <summary>Waits until a script's expression is true.</summary>
    public Task UntilAsync(string script, object? argument = null) => Page.WaitForFunctionAsync(script, argument);

    public Task PictureAsync(string name, bool isWhole = false) =>
        Page.ScreenshotAsync(new PageScreenshotOptions { Path = RepositoryRoot.Combine("out", "screenshots", $"{name}.png"), FullPage = isWhole, Animations = ScreenshotAnimations.Disabled });

    public async ValueTask DisposeAsync() => await _context.CloseAsync();
}
