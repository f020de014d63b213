import HTTPTypes
import JSON
import TestSupport
import Testing

@testable import Serving

/// The list of models, and loading and unloading, over HTTP.
@Suite struct ClassifyModelsTests {
    @Test func `models are described`() async throws {
        try await ClassifyTestServer.run { server in
            let list = try await server.get("/v1/models")
            #expect(list.json["object"] == .string("list"))
            let model = try #require(list.json["data"].array?.first)
            #expect(model["id"] == .string("tiny"))
            #expect(model["object"] == .string("model"))
            #expect(model["default"] == .bool(true))
            #expect(model["max_model_len"] == .int(64))
            #expect(try model["labels"].strings() == ["ham", "spam"])
            #expect(try await server.get("/v1/models/tiny").json == model)
            let unknown = try await server.get("/v1/models/other/name")
            #expect(unknown.code == 404)
            #expect(unknown.json["error"]["message"].string?.contains("other/name") == true)
        }
    }

    @Test func `without an admin key, nothing is loaded or unloaded`() async throws {
        try await ClassifyTestServer.run { server in
            let load = try await server.post("/v1/models", #"{"source": "x"}"#)
            #expect(load.code == 403)
            #expect(load.json["error"]["message"].string?.contains("--admin-key") == true)
            #expect(try await server.send(.delete, "/v1/models/tiny").code == 403)
            #expect(server.service.models().count == 1)
        }
    }

    @Test func `an administrator loads and unloads`() async throws {
        try await ClassifyTestServer.run(adminKey: "secret") { server in
            let source = try server.service.model().source
            let body = JSONValue.object(["source": .string(source), "name": .string("my/twin")]).compact
            #expect(try await server.post("/v1/models", body).code == 401)
            let wrong = try await server.post("/v1/models", body, headers: ["X-Admin-Key": "other"])
            #expect(wrong.code == 401)
            #expect(wrong.headers[.wwwAuthenticate] == "Bearer")
            let loaded = try await server.post(
                "/v1/models",
                body,
                headers: ["Authorization": "Bearer secret"]
            )
            #expect(loaded.code == 201)
            #expect(loaded.json["id"] == .string("my/twin"))
            #expect(loaded.json["default"] == .bool(false))
            let key = ["X-Admin-Key": "secret"]
            let faulty = try await server.post("/v1/models", #"{"source": "/no/such/model"}"#, headers: key)
            #expect(faulty.code == 422)
            let gone = try await server.send(.delete, "/v1/models/my/twin", headers: key)
            #expect(gone.json["deleted"] == .bool(true))
            #expect(try await server.send(.delete, "/v1/models/my/twin", headers: key).code == 404)
            #expect(server.service.models().map(\.name) == ["tiny"])
        }
    }
}
