import CCurl
import Foundation

/// One GET by libcurl, on the thread of the caller: server certificates checked, nothing but HTTP and HTTPS, and from HTTPS
/// no way down to HTTP. Ends by itself when the other side gets too slow.
struct HTTPTransfer {
    /// What the last response on the way says.
    struct Head {
        var status = 0
        /// By names in lower case.
        var fields: [String: String] = [:]
    }

    var address: RepositoryAddress
    var url: String
    var fields: [String] = []
    var limits = RepositoryLimits()

    /// Why libcurl gave up; `isTransient` if asking again may help.
    struct Failure: Error {
        var text: String
        var isTransient: Bool
        var isCertificate: Bool
    }

    /// Gives the head before the first bytes and then the bytes. An error of either is thrown on.
    func run(head: (Head) throws -> Void, body: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard Self.isReady, let handle = curl_easy_init() else {
            throw Failure(text: "libcurl cannot be started", isTransient: false, isCertificate: false)
        }
        defer { curl_easy_cleanup(handle) }
        try withoutActuallyEscaping(head) { head in
            try withoutActuallyEscaping(body) { body in
                try run(handle, Receiver(head, body))
            }
        }
    }

    private static let isReady = curl_global_init(opennedCurlGlobalDefault) == CURLE_OK

    private final class Receiver {
        private var head = Head()
        private var isBegun = false
        private let onHead: (Head) throws -> Void
        private let onBody: (UnsafeRawBufferPointer) throws -> Void
        var failure: (any Error)?

        init(_ head: @escaping (Head) throws -> Void, _ body: @escaping (UnsafeRawBufferPointer) throws -> Void) {
            onHead = head
            onBody = body
        }

        func line(_ bytes: UnsafeRawBufferPointer) {
            let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            if text.hasPrefix("HTTP/") {
                let words = text.split(separator: " ")
                head = Head(status: words.count > 1 ? Int(words[1]) ?? 0 : 0)
            } else if let colon = text.firstIndex(of: ":"), head.fields.count < 200 {
                head.fields[text[..<colon].lowercased()] = text[text.index(after: colon)...]
                    .trimmingCharacters(in: .whitespaces)
            }
        }

        func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
            do {
                try begin()
                try onBody(bytes)
                return true
            } catch {
                failure = error
                return false
            }
        }

        /// An answer may have no body.
        func begin() throws {
            guard !isBegun else { return }
            isBegun = true
            try onHead(head)
        }
    }

    private func run(_ handle: UnsafeMutableRawPointer, _ receiver: Receiver) throws {
        var list: UnsafeMutablePointer<curl_slist>?
        for field in fields { list = curl_slist_append(list, field) }
        defer { curl_slist_free_all(list) }
        openned_curl_set_headers(handle, list)
        set(handle)
        openned_curl_set_receivers(
            handle,
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                receiver.line(UnsafeRawBufferPointer(start: bytes, count: size * count))
                return size * count
            },
            { bytes, size, count, context in
                guard let bytes, let context else { return 0 }
                let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
                return receiver.take(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
            }, Unmanaged.passUnretained(receiver).toOpaque())
        let code = withExtendedLifetime(receiver) { curl_easy_perform(handle) }
        if let failure = receiver.failure { throw failure }
        guard code == CURLE_OK else { throw failure(code) }
        try receiver.begin()
    }

    private func set(_ handle: UnsafeMutableRawPointer) {
        func text(_ option: CURLoption, _ value: String?) { openned_curl_set_text(handle, option, value) }
        func number(_ option: CURLoption, _ value: Int) { openned_curl_set_number(handle, option, value) }
        text(CURLOPT_URL, url)
        text(CURLOPT_USERAGENT, "OpenNED")
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        text(CURLOPT_REDIR_PROTOCOLS_STR, address.isEncrypted ? "https" : "http,https")
        number(CURLOPT_FOLLOWLOCATION, 1)
        number(CURLOPT_MAXREDIRS, 5)
        number(CURLOPT_NOSIGNAL, 1)
        number(CURLOPT_SSL_VERIFYPEER, 1)
        number(CURLOPT_SSL_VERIFYHOST, 2)
        number(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        number(CURLOPT_CONNECTTIMEOUT, limits.connectSeconds)
        number(CURLOPT_LOW_SPEED_LIMIT, limits.slowBytes)
        number(CURLOPT_LOW_SPEED_TIME, limits.slowSeconds)
        if let authorities = address.authorities { text(CURLOPT_CAINFO, authorities) }
        if let proxy = address.proxy { text(CURLOPT_PROXY, proxy) }
        // libcurl gives them to no other host that a redirection leads to.
        if let user = address.user { text(CURLOPT_USERNAME, user) }
        if let password = address.password { text(CURLOPT_PASSWORD, password) }
    }

    private func failure(_ code: CURLcode) -> Failure {
        let certificate = [CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR]
        let transient = [
            CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_OPERATION_TIMEDOUT,
            CURLE_HTTP2, CURLE_HTTP2_STREAM,
        ]
        return Failure(
            text: curl_easy_strerror(code).map { String(cString: $0) } ?? "error \(code.rawValue)",
            isTransient: transient.contains { $0 == code }, isCertificate: certificate.contains { $0 == code })
    }
}

/// How much is taken from a repository, and how slowly.
package struct RepositoryLimits: Sendable {
    /// Bytes of `index.txt`.
    package var plainIndexBytes = 8 << 20
    /// Bytes of a package file of which no signed index says the size.
    package var packageBytes = 4 << 30
    package var connectSeconds = 30
    /// A transfer that stays below so many bytes a second for so many seconds ends: nobody keeps us waiting for ever.
    package var slowBytes = 100
    package var slowSeconds = 60
    /// How often a transfer that breaks off is taken up again without having got any further.
    package var idleAttempts = 3

    package init() {}
}
