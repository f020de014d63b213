import Files
import Foundation
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOSSL
import ServiceLifecycle
import Synchronization

/// The files of a server's certificate.
public struct TLSFiles: Sendable, Equatable {
    /// The PEM file of the certificate, followed by those that certify it.
    public var certificate: String
    /// The PEM file of the certificate's private key, without a passphrase.
    public var key: String

    /// Names the files.
    ///
    /// - Parameters:
    ///   - certificate: The PEM file of the certificate, followed by those that certify it.
    ///   - key: The PEM file of the certificate's private key, without a passphrase.
    public init(certificate: String, key: String) { (self.certificate, self.key) = (certificate, key) }

    /// The identities and times of both files, which differ after they have been replaced or rewritten.
    struct Version: Equatable {
        private let identities: [FileIdentity?]
        private let times: [Date?]

        /// Looks at the files; links are followed, because Kubernetes replaces links.
        init(_ files: TLSFiles) {
            let paths = [files.certificate, files.key]
            identities = paths.map { FileIdentity($0) }
            times = paths.map { path in
                let target = URL(filePath: path).resolvingSymlinksInPath().path(percentEncoded: false)
                let attributes = try? FileManager.default.attributesOfItem(atPath: target)
                return attributes?[.modificationDate] as? Date
            }
        }
    }

    /// Reads the files.
    ///
    /// - Returns: The settings of new connections, with TLS 1.2 or newer.
    /// - Throws: ``ServerError`` that names the file.
    func context() throws(ServerError) -> NIOSSLContext {
        for (path, contents) in [(certificate, "certificate"), (key, "private key")] {
            guard FileManager.default.fileExists(atPath: path) else {
                throw ServerError(.missingFile, "there is no file \(path) with the server's \(contents)")
            }
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw ServerError(.notAllowed, "the server's \(contents) may not be read: \(path)")
            }
        }
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
            throw ServerError(
                .badCertificate,
                "\(certificate) holds no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----)"
            )
        }
        guard let privateKey = try? NIOSSLPrivateKey(file: key, format: .pem) else {
            throw ServerError(
                .badCertificate,
                "\(key) holds no private key in PEM form without a passphrase (it begins with -----BEGIN PRIVATE KEY-----)"
            )
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerError(
                .badCertificate,
                "the key \(key) does not belong to the first certificate in \(certificate): \(error)"
            )
        }
    }
}

/// A server's certificate, which is read again when its files change.
///
/// Open connections keep the certificate that they began with. Files that cannot be used leave the former certificate in place,
/// so certificate and key need not be replaced at the same moment.
final class TLSReload: Service {
    private struct State {
        var context: NIOSSLContext
        var version: TLSFiles.Version
    }

    private let files: TLSFiles
    private let interval: Duration
    private let logger: Logger
    private let state: Mutex<State>

    /// Reads a certificate.
    ///
    /// - Parameters:
    ///   - files: The files of the certificate and its key.
    ///   - interval: The time between two looks at the files.
    ///   - logger: Receives a message for each new certificate.
    /// - Throws: ``ServerError`` that names the file.
    init(_ files: TLSFiles, every interval: Duration = .seconds(10), logger: Logger) throws(ServerError) {
        (self.files, self.interval, self.logger) = (files, interval, logger)
        // The version first: files that change while they are read are read again.
        let version = TLSFiles.Version(files)
        state = Mutex(State(context: try files.context(), version: version))
    }

    /// The certificate of new connections.
    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Looks at the files until a graceful shutdown.
    @concurrent
    func run() async throws {
        try? await cancelWhenGracefulShutdown { () async throws -> Void in
            while true {
                try await Task.sleep(for: self.interval)
                self.reload()
            }
        }
    }

    /// Reads the files again if they have changed.
    func reload() {
        let version = TLSFiles.Version(files)
        guard state.withLock({ $0.version != version }) else { return }
        do throws(ServerError) {
            let context = try files.context()
            state.withLock { $0 = State(context: context, version: version) }
            logger.notice("new connections use the new certificate in \(files.certificate)")
        } catch {
            // A warning once for each change; the next change is tried again.
            state.withLock { $0.version = version }
            logger.warning("the former certificate stays in use: \(error)")
        }
    }
}

/// An HTTP/1.1 connection, encrypted with the certificate that is current when it begins.
struct ReloadingTLSChannel: ServerChildChannel {
    let http: HTTP1Channel
    let certificates: TLSReload

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificates.context))
        }
        .flatMap { http.setup(channel: channel, logger: logger) }
    }

    @concurrent
    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await http.handle(value: value, logger: logger)
    }
}
