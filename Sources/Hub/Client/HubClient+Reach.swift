import NIOHTTP1

extension HubClient {
    /// Checks that the Hub answers, with any status.
    ///
    /// - Throws: `.offline` if the network may not be used; `.unreachable` if the Hub does not answer.
    public func requireAnswer() async throws {
        _ = try await ask(.GET, "api/whoami-v2", subject: "an answer")
    }
}
