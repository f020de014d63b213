import Foundation
import Logging
import NIOCore
import TestSupport
import Testing

@testable import Serving

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The address, the certificate and the errors of a server.
struct ServerSettingsTests {
    private let tls = Fixture.folder.appending(path: "tls")
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    // MARK: Addresses

    @Test(arguments: [
        (ServerAddress.host("0.0.0.0", port: 3000), "0.0.0.0:3000", "http://localhost:3000", true),
        (ServerAddress.host("::", port: 80), "[::]:80", "http://localhost:80", true),
        (ServerAddress.host("::1", port: 80), "[::1]:80", "http://[::1]:80", false),
        (ServerAddress.host("127.0.0.1", port: 8080), "127.0.0.1:8080", "http://127.0.0.1:8080", false),
        (
            ServerAddress.host("models.example.org", port: 1), "models.example.org:1",
            "http://models.example.org:1", true
        ),
    ])
    func `an address is shown as people type it`(
        address: ServerAddress,
        shown: String,
        url: String,
        isPublic: Bool
    ) {
        #expect(address.description == shown)
        #expect(address.url(isEncrypted: false) == url)
        #expect(address.isPublic == isPublic)
    }

    @Test func `a socket has no URL and is not public`() {
        let socket = ServerAddress.socket(path: "/run/attune.sock")
        #expect(socket.url(isEncrypted: true) == nil && !socket.isPublic)
        #expect("\(socket)" == "/run/attune.sock")
    }

    @Test(arguments: [
        (EADDRINUSE, ServerError.Code.addressInUse, "port 0"),
        (EACCES, ServerError.Code.notAllowed, "below 1024"),
        (EADDRNOTAVAIL, ServerError.Code.noSuchAddress, "0.0.0.0"),
    ])
    func `an error of binding has a remedy`(number: Int32, code: ServerError.Code, remedy: String) throws {
        let failure = IOError(errnoCode: number, reason: "bind")
        let error = try #require(ServerError(failure, binding: .host("0.0.0.0", port: 3000)))
        #expect(error.code == code && error.description.contains(remedy))
        #expect(error.description.contains("0.0.0.0:3000"))
    }

    // MARK: Certificates

    @Test func `a new certificate is used without a restart, a broken one is not`() throws {
        try withTemporaryFolder { folder in
            let files = TLSFiles(
                certificate: folder.appending(path: "tls.crt").path(percentEncoded: false),
                key: folder.appending(path: "tls.key").path(percentEncoded: false)
            )
            try copy("first", to: files)
            let reload = try TLSReload(files, logger: logger)
            let first = reload.context
            reload.reload()
            #expect(reload.context === first)

            try copy("second", to: files)
            reload.reload()
            let second = reload.context
            #expect(second !== first)

            // Half of a replacement: the key of another certificate.
            try replace(files.key, with: Data(contentsOf: tls.appending(path: "first.key")))
            reload.reload()
            #expect(reload.context === second)
            try replace(files.certificate, with: Data(contentsOf: tls.appending(path: "first.pem")))
            reload.reload()
            #expect(reload.context !== second)
        }
    }

    @Test func `files that are no certificate are named`() throws {
        try withTemporaryFolder { folder in
            let path = { (name: String) in folder.appending(path: name).path(percentEncoded: false) }
            let (first, second) = (tls.appending(path: "first.pem"), tls.appending(path: "second.key"))
            let (pem, key) = (first.path(percentEncoded: false), second.path(percentEncoded: false))
            try Data("hello".utf8).write(to: folder.appending(path: "text.pem"))
            let cases: [(TLSFiles, ServerError.Code, String)] = [
                (TLSFiles(certificate: path("none.pem"), key: key), .missingFile, "none.pem"),
                (TLSFiles(certificate: path("text.pem"), key: key), .badCertificate, "text.pem"),
                (TLSFiles(certificate: pem, key: path("text.pem")), .badCertificate, "text.pem"),
                (TLSFiles(certificate: pem, key: key), .badCertificate, "does not belong"),
            ]
            for (files, code, part) in cases {
                let error = #expect(throws: ServerError.self) { _ = try files.context() }
                #expect(error?.code == code && error?.description.contains(part) == true, "\(files)")
            }
        }
    }

    private func copy(_ name: String, to files: TLSFiles) throws {
        try replace(files.certificate, with: Data(contentsOf: tls.appending(path: "\(name).pem")))
        try replace(files.key, with: Data(contentsOf: tls.appending(path: "\(name).key")))
    }

    private func replace(_ path: String, with data: Data) throws {
        try data.write(to: URL(filePath: path), options: .atomic)
    }
}
