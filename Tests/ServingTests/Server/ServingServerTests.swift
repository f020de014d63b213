import Logging
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// The life of a server: listening, loading, stopping.
@Suite(.hangGuard)
struct ServingServerTests {
    private struct Broken: Error {}

    /// The address that a server has found.
    private final class Place: Sendable {
        private let state = Mutex<ServerAddress?>(nil)
        var address: ServerAddress? { state.withLock { $0 } }
        func keep(_ address: ServerAddress) { state.withLock { $0 = address } }
    }

    private func server(
        _ service: ClassifierService,
        at address: ServerAddress = .host("127.0.0.1", port: 0),
        drainSeconds: Double = 0
    ) -> ServingServer {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var settings = ServerSettings()
        (settings.address, settings.drainSeconds) = (address, drainSeconds)
        return ServingServer(service, routing: RouterSettings(logger: logger), settings: settings)
    }

    /// A life that must not end the process.
    private func life() -> ServerLife {
        ServerLife { code in Issue.record("the process would end with \(code)") }
    }

    @Test func `it listens before it loads, and returns when it is asked to stop`() async throws {
        let (service, life, place) = (ClassifierService(), life(), Place())
        try await server(service).run(life) {
            place.keep($0)
        } loading: {
            #expect(service.state == .loading)
            guard case .host("127.0.0.1", let port)? = place.address else { throw Broken() }
            #expect(port > 0)
            service.becomeReady()
            life.stop()
        }
        #expect(service.state == .draining)
    }

    @Test func `a ready server answers for the drain delay`() async throws {
        let (service, life) = (ClassifierService(), life())
        let start = ContinuousClock.now
        try await server(service, drainSeconds: 0.5).run(life) {
            service.becomeReady()
            life.stop()
        }
        #expect(ContinuousClock.now - start >= .seconds(0.5))
    }

    @Test func `a server that still loads stops without delay`() async throws {
        let (service, life) = (ClassifierService(), life())
        let start = ContinuousClock.now
        try await server(service, drainSeconds: 3600).run(life) { _ in
            life.stop()
        } loading: {
            try await Task.sleep(for: .seconds(600))
        }
        // Far less than the drain's hour; other tests may hold up this one for a minute.
        #expect(ContinuousClock.now - start < .seconds(1200))
    }

    @Test func `an error of loading stops it`() async throws {
        await #expect(throws: Broken.self) {
            try await server(ClassifierService()).run(life()) { throw Broken() }
        }
    }

    @Test func `a port that is in use is an error with a remedy`() async throws {
        let (service, life, place) = (ClassifierService(), life(), Place())
        try await server(service).run(life) {
            place.keep($0)
        } loading: {
            defer { life.stop() }
            let address = try #require(place.address)
            let error = await #expect(throws: ServerError.self) {
                try await server(ClassifierService(), at: address).run(self.life()) {}
            }
            #expect(error?.code == .addressInUse)
        }
    }

    @Test func `stopping twice, and before it runs, is fine`() async throws {
        let life = life()
        life.stop()
        life.stop()
        try await server(ClassifierService()).run(life) {}
    }
}
