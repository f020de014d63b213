import NIOHTTP1

extension HubClient {
    /// Makes sure that the Hub answers, whatever it says.
    ///
    /// - Throws: `.offline` if the network may not be used; `.unreachable` if nobody answers.
    public func requireAnswer() async throws {
        _ = try await ask(.GET, "api/whoami-v2", subject: "an answer")
    }
}
