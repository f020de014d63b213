// swift-tools-version: 6.2
import PackageDescription

let attune = Target.Dependency.product(name: "Attune", package: "attune")
let serving = Target.Dependency.product(name: "Serving", package: "attune")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")

// A separate package that depends on Attune by path, as yours would. `Scripts/check-examples` runs its programs.
let package = Package(
    name: "examples",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "attune", path: ".."),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    ],
    targets: [
        .executableTarget(name: "FineTune", dependencies: [attune]),
        .executableTarget(name: "MBTI", dependencies: [attune]),
        .executableTarget(name: "MountServing", dependencies: [serving, hummingbird]),
        .executableTarget(name: "PrepareData", dependencies: [attune]),
        .executableTarget(name: "Serve", dependencies: [attune, hummingbird]),
        // The Swift of README.md and docs/, written by `Scripts/doc-snippets` and only compiled.
        .executableTarget(name: "Snippets", dependencies: [attune]),
    ],
    swiftLanguageModes: [.v6]
)
