public import Testing

extension Trait where Self == TimeLimitTrait {
    /// Fails a test that would otherwise wait forever, for example for a server or another process.
    ///
    /// The time also counts while the test waits for a core, and thousands of tests share the cores. So this limit is far
    /// above any real duration: it says nothing about speed.
    public static var hangGuard: Self { .timeLimit(.minutes(30)) }
}
