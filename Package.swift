// swift-tools-version: 6.1
import PackageDescription

// The targets, from the bottom up; imports go downward only (see ARCHITECTURE.md).
//
// `PURE=1 swift test` drops every target that needs libtorch: a test cycle of seconds.
let pureOnly = Context.environment["PURE"] != nil

// `make setup` links the native libraries here. SwiftPM refuses `unsafeFlags` in version-pinned dependencies,
// so other packages depend on this one by path (see Examples/).
let native = "\(Context.packageDirectory)/.native"

let settings: [SwiftSetting] = [
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
    .enableUpcomingFeature("MemberImportVisibility"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
    .enableUpcomingFeature("ExistentialAny"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0409-access-level-on-imports.md
    .enableUpcomingFeature("InternalImportsByDefault"),
    // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0461-async-function-isolation.md
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    // Tests use internal symbols. With this flag in release builds, too, one build serves the tests and the command.
    .unsafeFlags(["-enable-testing"], .when(configuration: .release)),
]

let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let httpClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let nio: [Target.Dependency] = ["NIOCore", "NIOHTTP1", "NIOPosix"].map {
    .product(name: $0, package: "swift-nio")
}
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
/// The HTTP server, and the packages whose types appear next to it.
let httpServer: [Target.Dependency] =
    ["Hummingbird", "HummingbirdCore"].map { .product(name: $0, package: "hummingbird") }
    + ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") } + [
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
    ]
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let pureTargets: [Target] = [
    .target(name: "JSON"),
    // Content hashes. A TLS library for them would add 280 files to compile (docs/performance.md).
    .target(name: "CHash", cSettings: [.unsafeFlags(["-O2", "-Wall"])]),
    .target(name: "Files", dependencies: ["CHash"]),
    .target(name: "Tokenization", dependencies: ["Files", "JSON"]),
    .target(
        name: "CArrow",
        cxxSettings: [
            .headerSearchPath("../../.native/pyarrow/include"),
            .unsafeFlags(["-O2", "-Wall"]),
        ],
        linkerSettings: [
            .unsafeFlags(["-L\(native)/pyarrow", "-Xlinker", "-rpath", "-Xlinker", "\(native)/pyarrow"]),
            // The wheel contains the libraries only under their versioned names.
            .unsafeFlags(
                ["arrow", "arrow_compute", "parquet"].flatMap { ["-Xlinker", "-l:lib\($0).so.2600"] },
                .when(platforms: [.linux])
            ),
            .linkedLibrary("arrow.2600", .when(platforms: [.macOS])),
            .linkedLibrary("arrow_compute.2600", .when(platforms: [.macOS])),
            .linkedLibrary("parquet.2600", .when(platforms: [.macOS])),
        ]
    ),
    .target(name: "Datasets", dependencies: ["CArrow", "Files", "JSON", yams]),
    .target(name: "Evaluation"),
    .target(name: "Hub", dependencies: ["Files", "JSON", httpClient, configuration, system] + nio),
    .target(name: "Reporting", dependencies: ["Evaluation", "Files", "JSON", protobuf]),
]

let torchTargets: [Target] = [
    .target(
        name: "CTorch",
        // These files include all others.
        sources: ["units"],
        cxxSettings: [
            .headerSearchPath("../../.native/torch/include"),
            .headerSearchPath("../../.native/torch/include/torch/csrc/api/include"),
            // libtorch contains Gloo but not its headers: the parts that c10d's headers need.
            .headerSearchPath("gloo"),
            // The kernels are optimized in debug builds, too, because the tests would be too slow otherwise.
            .unsafeFlags(["-O3", "-ffp-contract=fast", "-Wall", "-Wno-psabi"]),
        ],
        linkerSettings: [
            .unsafeFlags(["-L\(native)/torch/lib", "-Xlinker", "-rpath", "-Xlinker", "\(native)/torch/lib"]),
            .linkedLibrary("torch_cpu"),
            .linkedLibrary("c10"),
            // libtorch's own OpenMP pool, which our kernels share; the wheel contains it only under this name.
            .unsafeFlags(["-Xlinker", "-l:libgomp.so.1"], .when(platforms: [.linux])),
        ]
    ),
    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(name: "ProcessGroups", dependencies: ["Torch", "Files", "JSON"]),
    .target(name: "NN", dependencies: ["Torch", "Files"]),
    .target(name: "Checkpoints", dependencies: ["Torch", "Files", "JSON"]),
    .target(name: "Models", dependencies: ["NN", "Checkpoints", "Torch", "Files", "JSON"]),
    .target(
        name: "Classification",
        dependencies: ["Models", "NN", "Checkpoints", "Torch", "Tokenization", "Evaluation", "Files", "JSON"]
    ),
    .target(
        name: "Export",
        dependencies: [
            "Classification", "Models", "Checkpoints", "Tokenization", "NN", "Torch", "Files", "JSON",
            protobuf,
        ]
    ),
    .target(
        name: "Serving",
        dependencies: [
            "Classification", "Models", "Checkpoints", "Torch", "Tokenization", "Evaluation", "Files", "JSON",
        ] + httpServer
    ),
    .target(
        name: "Training",
        dependencies: [
            "Classification", "Models", "NN", "Checkpoints", "ProcessGroups", "Torch", "Tokenization",
            "Datasets",
            "Evaluation", "Files", "JSON",
        ]
    ),
    .target(
        name: "Attune",
        dependencies: [
            "Training", "Export", "Classification", "Models", "NN", "Checkpoints", "ProcessGroups", "Torch",
            "Tokenization",
            "Datasets", "Evaluation", "Reporting", "Hub", "Files", "JSON", yams,
        ]
    ),
    .executableTarget(
        name: "AttuneCommand",
        dependencies: [
            // Including those that Attune re-exports, so that a change in them recompiles the command.
            "Attune", "Serving", "Export", "Hub", "Training", "Classification", "Models", "NN", "Checkpoints",
            "ProcessGroups",
            "Torch", "Tokenization", "Datasets", "Evaluation", "Reporting", "Files", "JSON", argumentParser,
            yams,
        ] + httpServer
    ),
]

/// A test Hub, which the real huggingface_hub can use, too.
let hubTestSupport = Target.target(
    name: "HubTestSupport",
    dependencies: ["Files", "JSON"] + nio,
    path: "Tests/HubTestSupport"
)

/// The tests of a module, in `Tests/<Module>Tests`.
///
/// They have the module's own dependencies.
func tests(_ target: Target) -> Target {
    .testTarget(
        name: "\(target.name)Tests",
        dependencies: [.byName(name: target.name), "TestSupport"] + target.dependencies
            + (["Hub", "Attune", "AttuneCommand"].contains(target.name) ? ["HubTestSupport"] : [])
            + (target.name == "Serving"
                ? [.product(name: "HummingbirdTesting", package: "hummingbird")] : []),
        path: "Tests/\(target.name)Tests"
    )
}

/// Fixtures and temporary folders, for tests only.
let testSupport = Target.target(name: "TestSupport", dependencies: ["JSON"], path: "Tests/TestSupport")

let withTests: Set<String> = [
    "JSON", "Files", "Tokenization", "Datasets", "Evaluation", "Hub", "Reporting", "Torch", "ProcessGroups",
    "NN", "Checkpoints", "Models", "Classification", "Export", "Serving", "Training",
    "Attune", "AttuneCommand",
]
let sources = pureTargets + (pureOnly ? [] : torchTargets)
/// The program that `Scripts/fuzz` compares with tokenizers.
let probe = Target.executableTarget(
    name: "TokenizerProbe",
    dependencies: ["Tokenization"],
    path: "Scripts/fuzz/TokenizerProbe"
)
/// The program that `Scripts/check-hub` runs together with huggingface_hub.
let hubProbe = Target.executableTarget(
    name: "HubProbe",
    dependencies: ["Hub", "HubTestSupport"],
    path: "Scripts/probes/HubProbe"
)
/// The program that `Scripts/check-models` and `Scripts/compare-real-weights` compare with transformers: `PROBES=1 swift build`.
let modelProbe = Target.executableTarget(
    name: "ModelProbe",
    dependencies: ["Models", "NN", "Checkpoints", "Torch", "JSON"],
    path: "Scripts/probes/ModelProbe"
)
let withModelProbe = Context.environment["PROBES"] != nil && !pureOnly
let targets =
    sources + (pureOnly ? [probe, hubProbe] : []) + (withModelProbe ? [modelProbe] : []) + [
        testSupport, hubTestSupport,
    ]
    + sources.filter { withTests.contains($0.name) }.map(tests)
for target in targets { target.swiftSettings = (target.swiftSettings ?? []) + settings }

let package = Package(
    name: "attune",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Tokenization", targets: ["Tokenization"]),
        .library(name: "Datasets", targets: ["Datasets"]),
        .library(name: "Hub", targets: ["Hub"]),
    ]
        + (pureOnly
            ? []
            : [
                .library(name: "Attune", targets: ["Attune"]),
                .library(name: "Serving", targets: ["Serving"]),
                .executable(name: "attune", targets: ["AttuneCommand"]),
            ]),
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.5.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: targets,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx20
)
