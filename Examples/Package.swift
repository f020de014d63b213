// swift-tools-version: 6.1
import PackageDescription

// A separate package that depends on Attune by path, as yours would.
let package = Package(
    name: "examples",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "attune", path: "..")],
    targets: [
        .executableTarget(name: "FineTune", dependencies: [.product(name: "Attune", package: "attune")]),
        .executableTarget(name: "MBTI", dependencies: [.product(name: "Attune", package: "attune")]),
        .executableTarget(name: "PrepareData", dependencies: [.product(name: "Attune", package: "attune")]),
    ],
    swiftLanguageModes: [.v6]
)
