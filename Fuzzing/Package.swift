// swift-tools-version: 6.1
import PackageDescription

// Programs that feed damaged and hostile files to the readers (Scripts/fuzz-data, Scripts/broken-data, Scripts/fuzz-checkpoints,
// Scripts/fuzz-exports) and bodies to the server's requests (Scripts/fuzz-requests). They are a separate package, so that the main
// one does not build them; PURE=1 excludes libtorch.
let pureOnly = Context.environment["PURE"] != nil
let package = Package(
    name: "fuzzing",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "attune", path: "..")],
    targets: [
        .target(name: "FuzzSupport"),
        .executableTarget(
            name: "FuzzData",
            dependencies: ["FuzzSupport", .product(name: "Datasets", package: "attune")]
        ),
        .executableTarget(
            name: "ReadData",
            dependencies: [.product(name: "Datasets", package: "attune")]
        ),
    ]
        + (pureOnly
            ? []
            : [
                .executableTarget(
                    name: "FuzzCheckpoints",
                    dependencies: ["FuzzSupport", .product(name: "Attune", package: "attune")]
                ),
                .executableTarget(
                    name: "FuzzExports",
                    dependencies: ["FuzzSupport", .product(name: "Attune", package: "attune")]
                ),
                .executableTarget(
                    name: "FuzzRequests",
                    dependencies: ["FuzzSupport", .product(name: "Serving", package: "attune")]
                ),
            ]),
    swiftLanguageModes: [.v6]
)
