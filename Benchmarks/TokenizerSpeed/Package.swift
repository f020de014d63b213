// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "tokenizer-speed",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "attune", path: "../..")],
    targets: [
        .executableTarget(
            name: "TokenizerSpeed",
            dependencies: [.product(name: "Tokenization", package: "attune")]
        )
    ],
    swiftLanguageModes: [.v6]
)
