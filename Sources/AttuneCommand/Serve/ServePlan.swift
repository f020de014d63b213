import ArgumentParser
import Attune
import Files
import Serving
import Tokenization
import Torch

/// All settings of `attune serve`, from flags, variables of the environment, and defaults.
struct ServePlan: Sendable {
    /// The models, the first of which answers requests that name none.
    let models: [ServedModelChoice]
    /// Batches and limits.
    var limits = ServingLimits()
    /// Address, connections and end.
    var server = ServerSettings()
    /// Keys, origins, hosts and activation.
    var routing: RouterSettings
    /// The type of weights and matrix products.
    let dtype: DType
    /// The integers in which linear layers are multiplied; nil multiplies in ``dtype``.
    let quantization: ProductQuantization?
    /// The part of a longer text that is read; nil takes each model's own.
    let longText: LongText?
    /// The most bytes of all models; nil takes the service's default.
    let maxMemory: Int?
    /// Whether messages and requests are JSON lines.
    private(set) var isJSON = false
    /// Variables of huggingface_hub that flags replace.
    let hubVariables: [String: String]
    /// The values that are not defaults, with their origins.
    private(set) var chosen: [ServeVariables.Chosen] = []

    /// Chooses all settings.
    ///
    /// - Parameters:
    ///   - command: The parsed flags.
    ///   - environment: The variables of the process.
    ///   - machine: The machine's name.
    /// - Throws: `ValidationError` for a value, or a variable of the environment, that is not valid.
    init(_ command: ServeCommand, environment: [String: String], machine: String) throws {
        var read = ServeVariables(environment)
        routing = RouterSettings()

        // Models
        var options = command.models
        let named = command.model + [options.modelId].compactMap(\.self)
        let sources = try read.list("--model-id", named, variables: ["MODEL_ID"]) ?? []
        options.servedModelName = try read.text("--served-model-name", options.servedModelName)
        options.revision = try read.text("--revision", options.revision)
        options.adapterBase = try read.text("--adapter-base", options.adapterBase)
        models = try ServedModelChoice.all(sources, options)
        dtype = try Self.dtype(read.text("--dtype", options.dtype))
        quantization = try Self.quantization(read.text("--quantize", options.quantize))
        longText = try read.value("--long-text", options.longText) { LongText($0) }
        let memory = try read.value("--max-memory", options.maxMemory) { DeviceMemory(argument: $0) }
        try memory?.requireUnit("--max-memory")
        maxMemory = memory?.size.bytes
        let cache = try read.text(
            "--huggingface-hub-cache",
            options.huggingfaceHubCache,
            variables: ["HUGGINGFACE_HUB_CACHE"]
        )
        let token = try read.text(
            "--hf-token",
            options.hfToken,
            variables: ["HF_TOKEN", "HF_API_TOKEN"],
            isSecret: true
        )
        hubVariables = ["HF_HUB_CACHE": cache, "HF_TOKEN": token].compactMapValues(\.self)

        try readLimits(command.limits, &read)
        try readAddress(command.listening, &read, machine: machine)
        try readAccess(command.access, &read)
        routing.teiActivation = try read.truth("--tei-activation", command.answers.teiActivation) ?? false
        routing.hasPage = !command.answers.noPage
        isJSON = try read.truth("--json-output", command.answers.jsonOutput) ?? false
        // The models have been typed as arguments.
        chosen = read.chosen.filter { $0.flag != "--model-id" || $0.variable != nil }
    }

    private static func dtype(_ name: String?) throws -> DType {
        switch name?.lowercased() {
        case nil, "float32", "fp32": return .float32
        case "bfloat16", "bf16": return .bfloat16
        case "float16", "fp16":
            throw ValidationError(
                "--dtype float16 is not supported, because it overflows; use bfloat16, which needs as little memory, or float32"
            )
        case let name?: throw ValidationError("--dtype must be float32 or bfloat16, not \(name)")
        }
    }

    private static func quantization(_ name: String?) throws -> ProductQuantization? {
        guard let name, name.lowercased() != "none" else { return nil }
        guard let quantization = ProductQuantization(rawValue: name.lowercased()) else {
            throw ValidationError("--quantize must be int8 or none, not \(name)")
        }
        return quantization
    }

    private mutating func readLimits(_ options: ServeLimitOptions, _ read: inout ServeVariables) throws {
        if let count = try read.count("--max-batch-tokens", options.maxBatchTokens) {
            limits.maxBatchTokens = count
        }
        limits.maxBatchItems = try read.count("--max-batch-requests", options.maxBatchRequests)
        if let count = try read.count("--max-concurrent-requests", options.maxConcurrentRequests) {
            limits.maxConcurrentRequests = count
        }
        if let count = try read.count("--max-client-batch-size", options.maxClientBatchSize) {
            limits.maxClientBatchSize = count
        }
        if let count = try read.count("--max-items", options.maxItems) { limits.maxItems = count }
        if let seconds = try read.seconds("--max-queue-seconds", options.maxQueueSeconds) {
            limits.maxQueueSeconds = seconds
        }
        if let count = try read.count("--payload-limit", options.payloadLimit) { limits.payloadLimit = count }
        if let truncates = try read.truth("--auto-truncate", options.autoTruncate) {
            limits.autoTruncate = truncates
        }
        if let count = try read.count("--tokenization-workers", options.tokenizationWorkers) {
            limits.tokenizationWorkers = count
        }
    }

    private mutating func readAddress(
        _ options: ListeningOptions,
        _ read: inout ServeVariables,
        machine: String
    ) throws {
        // Docker, Kubernetes and some shells set HOSTNAME to the machine's own name, which is no wish to listen only there.
        let isOwnName = read["HOSTNAME"] == machine
        let host = try read.text("--host", options.host, variables: isOwnName ? [] : ["HOSTNAME"])
        let port = try read.count("--port", options.port, atLeast: 0)
        if let port, port > 65_535 { throw ValidationError("--port must be at most 65535, not \(port)") }
        server.address = .host(host ?? "0.0.0.0", port: port ?? 3000)
        if let path = try read.text("--uds-path", options.udsPath) {
            // text-embeddings-inference's images set a port as well; the socket counts.
            server.address = .socket(path: path)
        }
        let certificate = try read.text("--tls-cert", options.tlsCert)
        let key = try read.text("--tls-key", options.tlsKey)
        switch (certificate, key) {
        case (nil, nil): break
        case (let certificate?, let key?): server.tls = TLSFiles(certificate: certificate, key: key)
        case (.some, nil): throw ValidationError("--tls-cert needs --tls-key, the file of its private key")
        case (nil, .some): throw ValidationError("--tls-key needs --tls-cert, the file of the certificate")
        }
        if let seconds = try read.seconds("--drain-delay", options.drainDelay) {
            server.drainSeconds = seconds
        }
        if let seconds = try read.seconds("--shutdown-timeout", options.shutdownTimeout) {
            server.shutdownSeconds = seconds
        }
    }

    private mutating func readAccess(_ options: AccessOptions, _ read: inout ServeVariables) throws {
        let keys = try read.list("--api-key", options.apiKey, isSecret: true) ?? []
        let adminKey = try read.text("--admin-key", options.adminKey, isSecret: true)
        guard !(keys + [adminKey].compactMap(\.self)).contains("") else {
            throw ValidationError("a key must not be empty")
        }
        routing.apiKeys = keys.map { APIKey($0) }
        routing.adminKey = adminKey.map { APIKey($0) }
        let origins = try read.list("--cors-allow-origin", options.corsAllowOrigin) ?? ["*"]
        routing.crossOrigin = origins.contains("*") ? .any : .origins(origins)
        for origin in origins where origin != "*" {
            guard origin.wholeMatch(of: /https?:\/\/[^\/]+/) != nil else {
                throw ValidationError(
                    "--cors-allow-origin \(origin): an origin is a scheme and a host without a path, such as https://example.org, or *"
                )
            }
        }
        routing.allowedHosts = try read.list("--allowed-hosts", options.allowedHosts)
    }

    /// A line for each value that is not the default: its flag, itself, and its origin.
    var table: [[String]] {
        chosen.map { ["  " + $0.flag, $0.value, $0.variable.map { "from the variable \($0)" } ?? ""] }
    }
}
