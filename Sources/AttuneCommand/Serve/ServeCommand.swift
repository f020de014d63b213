import ArgumentParser
import Attune
import Dispatch
import Files
import Foundation
import Serving

/// `attune serve`.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Answers requests over HTTP with one or several classifiers.",
        discussion: """
            The clients of text-embeddings-inference (/predict), huggingface_hub and huggingface.js (/), vLLM (/classify), \
            KServe and Triton (/v2) and of moderation (/v1/moderations) work unchanged; /v1/classify answers with thresholds, \
            token counts and errors for each text. /docs describes all routes, / is a page to try texts.

            Flags have the names of text-embeddings-inference, and so have the variables of the environment: MAX_BATCH_TOKENS \
            for --max-batch-tokens. A flag overrides its variable. At the start, all values that are not defaults are shown with \
            their origins.

            The server listens at once and loads then: /health/live is true, /health/ready only after loading. At SIGTERM or \
            Ctrl-C, readiness ends; requests are still answered for --drain-delay, and open ones finished. A second signal ends the \
            process at once.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Folders that `attune train` saved, adapters, .gguf and .attune files, or ids of the Hub: org/name[@revision]. name=model gives a name. The first answers requests that name no model.",
            valueName: "model"
        )
    )
    var model: [String] = []

    @OptionGroup(title: "Models") var models: ServedModelOptions
    @OptionGroup(title: "Address") var listening: ListeningOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Batches and limits") var limits: ServeLimitOptions
    @OptionGroup(title: "Answers and logs") var answers: AnswerOptions

    @Option(
        help: ArgumentHelp(
            "CPU threads. Default: all cores, or the container's share of them.",
            valueName: "count"
        )
    )
    var threads: Int?

    @OptionGroup var device: DeviceOptions

    @OptionGroup(title: "Without effect") var ignored: IgnoredOptions

    @OptionGroup(title: "Messages") var messages: MessageOptions

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads must be at least 1") }
    }

    func run() throws {
        let plan = try ServePlan(
            self,
            environment: ProcessInfo.processInfo.environment,
            machine: machineName()
        )
        var messages = messages
        messages.json = messages.json || plan.isJSON
        try reportingFailure(messages) {
            for note in ignored.notes { writeToStandardError("attune: \(note)\n") }
            let text = ServeText(plan)
            if let settings = text.settings { writeToStandardError(settings) }
            if let warning = text.warning { writeToStandardError(warning) }
            // A fixed number: the threads of connections look like another program, and fewer threads would halve the throughput.
            let engine = try Engine(
                device.fit(for: plan.quantization),
                threads: threads ?? Engine.usefulThreads()
            )
            try serve(plan, text, engine)
        }
    }

    /// Serves until the server is stopped.
    private func serve(_ plan: ServePlan, _ text: ServeText, _ engine: Engine) throws {
        let console = Console.current
        let hub = ServedModelSources(plan)
        var routing = plan.routing
        routing.logger = ConsoleLogHandler.logger(console, environment: ProcessInfo.processInfo.environment)
        if plan.isJSON { routing.accessLog = { StandardStreams.writeMessage($0 + "\n") } }
        let service = service(plan, hub, engine)
        let server = ServingServer(service, routing: routing, settings: plan.server)
        let life = ServerLife { code in
            console.close()
            _exit(code)
        }
        let sources = life.listenForSignals { console.note(text.stopping) }
        defer { for source in sources { source.cancel() } }
        let start = ContinuousClock.now
        let address = ListeningAddress()
        try waiting {
            try await server.run(life) { bound in
                address.keep(bound)
                console.note(text.listening(at: bound))
            } loading: {
                var requests: [LoadRequest] = []
                for choice in plan.models { requests.append(try await hub.request(choice)) }
                try await service.start(requests)
                let models = service.models()
                for model in models { console.note(text.loaded(model)) }
                console.note(text.ready(at: address.value, models, after: ContinuousClock.now - start))
            }
        }
        console.note("stopped")
        console.close()
        // Destructors of exit would run while a model may still be loading or computing.
        _exit(0)
    }

    /// The service that computes.
    private func service(
        _ plan: ServePlan,
        _ hub: ServedModelSources,
        _ engine: Engine
    ) -> ClassifierService {
        var settings = ServiceSettings()
        settings.limits = plan.limits
        settings.options.device = engine.device
        settings.options.productRoutes = engine.productRoutes
        settings.options.weightsDType = plan.dtype
        settings.options.productQuantization = plan.quantization
        settings.matmulDType = plan.dtype
        settings.classifier.longText = plan.longText
        settings.ignoresDecisions = models.raw
        settings.maxMemory = plan.maxMemory
        settings.resolve = { request in try await hub.place(of: request) }
        settings.training = { folder in TrainingReference(run: folder) }
        settings.beforeBatch = { engine.adaptThreads() }
        return ClassifierService(settings)
    }
}
