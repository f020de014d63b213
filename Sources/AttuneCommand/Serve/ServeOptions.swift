import ArgumentParser
import Attune
import Tokenization

// The flags of `attune serve`, named as in text-embeddings-inference. None has a default here, because a variable of the
// environment may give the value: `ServePlan` knows the defaults.

/// The models to serve.
struct ServedModelOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The model, as text-embeddings-inference names it.", valueName: "model")
    )
    var modelId: String?

    @Option(
        help: ArgumentHelp(
            "The name of the model in answers and routes. Default: the folder's name, or the Hub's id. For several models: name=model.",
            valueName: "name"
        )
    )
    var servedModelName: String?

    @Option(
        help: ArgumentHelp(
            "The branch, tag or commit of a model of the Hub. Default: main. For several models: org/name@revision.",
            valueName: "revision"
        )
    )
    var revision: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "An adapter to serve under its name: a subfolder of the model's folder, as peft saves several, or name=folder with the model as its base. May be given several times.",
            valueName: "name"
        )
    )
    var adapterName: [String] = []

    @Option(
        help: ArgumentHelp(
            "The base model of all adapters, if the one that they name is elsewhere. It is in memory once.",
            valueName: "model"
        )
    )
    var adapterBase: String?

    @Option(
        help: ArgumentHelp(
            "float32 or bfloat16: weights and matrix products. bfloat16 needs half the memory and is less exact. Default: float32.",
            valueName: "type"
        )
    )
    var dtype: String?

    @Option(
        help: ArgumentHelp(
            "int8: multiply linear layers in 8-bit integers on the CPU: faster, in a quarter of the memory, and less exact. Default: none.",
            valueName: "type"
        )
    )
    var quantize: String?

    @Option(
        help: ArgumentHelp(
            "The part of a longer text that is read: \(LongText.words). Default: as in training, else the head.",
            valueName: "part"
        )
    )
    var longText: LongText?

    @Flag(
        help:
            "Ignore decisions.json in the models' folders: the models' own scores, without thresholds or sets."
    )
    var raw = false

    @Option(
        help: ArgumentHelp(
            "The most memory of all models, such as 8GB; further ones are not loaded. Default: no limit.",
            valueName: "size"
        )
    )
    var maxMemory: DeviceMemory?

    @Option(
        help: ArgumentHelp(
            "The folder of downloaded models. Default: that of huggingface_hub.",
            valueName: "folder"
        )
    )
    var huggingfaceHubCache: String?

    @Option(
        help: ArgumentHelp(
            "A token for private models of the Hub. Better: `attune hub login` or HF_TOKEN, which other users cannot see.",
            valueName: "token"
        )
    )
    var hfToken: String?
}

/// The address, its encryption, and the end of the server.
struct ListeningOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The host or IP address to listen on, also --hostname; 127.0.0.1 for this machine only. Default: 0.0.0.0.",
            valueName: "host"
        )
    )
    var host: String?

    @Option(help: ArgumentHelp("The port; 0 takes a free one. Default: 3000.", valueName: "port"))
    var port: Int?

    @Option(help: ArgumentHelp("Listen on this Unix domain socket instead of a port.", valueName: "path"))
    var udsPath: String?

    @Option(
        help: ArgumentHelp(
            "The PEM file of a TLS certificate; read again when it changes. Needs --tls-key.",
            valueName: "file"
        )
    )
    var tlsCert: String?

    @Option(help: ArgumentHelp("The PEM file of the certificate's private key.", valueName: "file"))
    var tlsKey: String?

    @Option(
        help: ArgumentHelp(
            "After SIGTERM, keep answering for this time, until load balancers know that the server is not ready. Default: 5.",
            valueName: "seconds"
        )
    )
    var drainDelay: Double?

    @Option(
        help: ArgumentHelp(
            "The time for open requests after the drain delay. Default: 30.",
            valueName: "seconds"
        )
    )
    var shutdownTimeout: Double?
}

/// Who may call the server.
struct AccessOptions: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A key that clients must send as Authorization: Bearer KEY; several may be given. Better: the variable API_KEY (separate several by commas), which other users cannot see.",
            valueName: "key"
        )
    )
    var apiKey: [String] = []

    @Option(
        help: ArgumentHelp(
            "The key for loading and unloading models while the server runs. Better: ADMIN_KEY. Without it, these routes are off.",
            valueName: "key"
        )
    )
    var adminKey: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "An origin whose web pages may call the server, such as https://example.org; several may be given. Default: *, any.",
            valueName: "origin"
        )
    )
    var corsAllowOrigin: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A name that the server answers to; requests with another Host are refused. Several may be given. Default: any.",
            valueName: "host"
        )
    )
    var allowedHosts: [String] = []
}

/// Batches and limits.
struct ServeLimitOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The most tokens of a batch. Default: 16384.", valueName: "count"))
    var maxBatchTokens: Int?

    @Option(help: ArgumentHelp("The most texts of a batch. Default: no limit.", valueName: "count"))
    var maxBatchRequests: Int?

    @Option(
        help: ArgumentHelp(
            "The most requests at the same time; further ones get status 429. Default: 512.",
            valueName: "count"
        )
    )
    var maxConcurrentRequests: Int?

    @Option(
        help: ArgumentHelp(
            "The most texts of a request to /predict and text-embeddings-inference's other routes. Default: 32.",
            valueName: "count"
        )
    )
    var maxClientBatchSize: Int?

    @Option(
        help: ArgumentHelp("The most texts of a request to other routes. Default: 10000.", valueName: "count")
    )
    var maxItems: Int?

    @Option(
        help: ArgumentHelp(
            "Refuse requests with status 429 if they would wait longer for their turn. Default: 10.",
            valueName: "seconds"
        )
    )
    var maxQueueSeconds: Double?

    @Option(help: ArgumentHelp("The most bytes of a request's body. Default: 2000000.", valueName: "bytes"))
    var payloadLimit: Int?

    @Option(
        help: ArgumentHelp(
            "Whether longer texts are cut; false refuses them. Requests may choose otherwise. Default: true.",
            valueName: "true or false"
        )
    )
    var autoTruncate: Bool?

    @Option(
        help: ArgumentHelp(
            "Texts that are split into tokens at the same time. Default: cores - 1.",
            valueName: "count"
        )
    )
    var tokenizationWorkers: Int?
}

/// Answers and logs.
struct AnswerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Scores by text-embeddings-inference's activation: softmax for several labels, sigmoid for one, whatever the model's problem type. Default: false.",
            valueName: "true or false"
        )
    )
    var teiActivation: Bool?

    @Option(
        help: ArgumentHelp(
            "Messages, and a line for each request, as JSON on standard error. Default: false.",
            valueName: "true or false"
        )
    )
    var jsonOutput: Bool?

    @Flag(help: "No page at /.")
    var noPage = false
}

/// Flags of text-embeddings-inference without an effect here, so that its command lines work.
struct IgnoredOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Ignored: a classifier pools as its configuration says.", valueName: "kind"))
    var pooling: String?

    @Option(help: ArgumentHelp("Ignored: it is for embeddings.", valueName: "path"))
    var densePath: String?

    @Option(help: ArgumentHelp("Ignored: it is for embeddings.", valueName: "text"))
    var defaultPrompt: String?

    @Option(help: ArgumentHelp("Ignored: it is for embeddings.", valueName: "name"))
    var defaultPromptName: String?

    @Option(help: ArgumentHelp("Ignored: traces are not exported.", valueName: "address"))
    var otlpEndpoint: String?

    @Option(help: ArgumentHelp("Ignored: traces are not exported.", valueName: "name"))
    var otlpServiceName: String?

    @Option(help: ArgumentHelp("Ignored: there are no spans.", valueName: "true or false"))
    var disableSpans: Bool?

    @Option(help: ArgumentHelp("Ignored: /metrics is on the server's own port.", valueName: "port"))
    var prometheusPort: Int?

    /// A note for each that is given: the flag and the reason.
    var notes: [String] {
        let embeddings = "it is for embeddings"
        let given: [(flag: String, isGiven: Bool, reason: String)] = [
            ("--pooling", pooling != nil, "a classifier pools as its configuration says"),
            ("--dense-path", densePath != nil, embeddings),
            ("--default-prompt", defaultPrompt != nil, embeddings),
            ("--default-prompt-name", defaultPromptName != nil, embeddings),
            ("--otlp-endpoint", otlpEndpoint != nil, "traces are not exported"),
            ("--otlp-service-name", otlpServiceName != nil, "traces are not exported"),
            ("--disable-spans", disableSpans != nil, "there are no spans"),
            ("--prometheus-port", prometheusPort != nil, "/metrics is on the server's own port"),
        ]
        return given.filter(\.isGiven).map { "\($0.flag) is ignored: \($0.reason)" }
    }
}
