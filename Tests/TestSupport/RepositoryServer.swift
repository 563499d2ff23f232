import Foundation

/// A web server in Python that shows a directory, by HTTP or HTTPS, knows ranges, and can be told to misbehave.
///
/// The requests are in `log`. Files of the directory `control` say what it does: `break-after` (a number of bytes of a body,
/// once, then the connection ends), `no-range`, `stall` (sends a head and nothing more), `user` (whoever else asks gets
/// 401), `redirect` (where every request is sent to).
package final class RepositoryServer {
    private let process: RunningProcess
    private let files: TemporaryDirectory
    package let port: Int
    package let isEncrypted: Bool

    /// - Parameters:
    ///   - directory: what is shown.
    ///   - certificate: PEM files of certificate and key, for HTTPS with the name `localhost`.
    package init(_ directory: String, certificate: (chain: String, key: String)? = nil) throws {
        files = try TemporaryDirectory("server")
        try files.write("server.py", Self.script)
        try FileManager.default.createDirectory(atPath: files.path("control"), withIntermediateDirectories: true)
        isEncrypted = certificate != nil
        process = try RunningProcess(
            "python3",
            [files.path("server.py"), directory, files.path("")] + (certificate.map { [$0.chain, $0.key] } ?? []))
        let deadline = ContinuousClock.now + .seconds(120)
        while !FileManager.default.fileExists(atPath: files.path("port")) {
            guard ContinuousClock.now < deadline else { throw ProcessFault("no server: \(process.errors)") }
            usleep(10_000)
        }
        guard let number = Int(try files.text("port")) else { throw ProcessFault("no port: \(process.errors)") }
        port = number
    }

    deinit {
        process.end()
        _ = process.wait(seconds: 60)
    }

    package var url: String { "\(isEncrypted ? "https" : "http")://localhost:\(port)" }

    /// One line a request: path, range and user.
    package var requests: [String] {
        ((try? files.text("log")) ?? "").split(separator: "\n").map(String.init)
    }

    package func control(_ name: String, _ text: String = "") throws { try files.write("control/" + name, text) }
    package func release(_ name: String) { files.remove("control/" + name) }

    private static let script = #"""
        import base64, http.server, os, ssl, sys, threading
        root, place = sys.argv[1], sys.argv[2].rstrip('/')
        lock = threading.Lock()

        def told(name):
            try: return open(place + '/control/' + name).read()
            except FileNotFoundError: return None

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *arguments): pass

            def do_GET(self):
                asked, user = self.headers.get('Range', '-'), '-'
                if 'Authorization' in self.headers:
                    user = base64.b64decode(self.headers['Authorization'].split()[1]).decode()
                with lock: open(place + '/log', 'a').write(f'{self.path} {asked} {user}\n')
                if told('redirect'):
                    self.send_response(302); self.send_header('Location', told('redirect') + self.path)
                    self.send_header('Content-Length', '0'); return self.end_headers()
                if told('user') and user != told('user'): return self.send_error(401)
                path = root + '/' + self.path
                if not os.path.isfile(path): return self.send_error(404)
                data = open(path, 'rb').read()
                tag = f'"{os.stat(path).st_mtime_ns}-{len(data)}"'
                start = 0
                same = self.headers.get('If-Range', tag) == tag
                if asked.startswith('bytes=') and same and told('no-range') is None:
                    start = int(asked[6:].split('-')[0])
                    if start >= len(data):
                        self.send_response(416); self.send_header('Content-Length', '0'); return self.end_headers()
                self.send_response(206 if start else 200)
                if start: self.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/{len(data)}')
                self.send_header('Content-Length', str(len(data) - start))
                self.send_header('ETag', tag)
                self.end_headers()
                if told('stall') is not None: return self.rfile.read(1)
                end = told('break-after')
                if end is not None and len(data) - start > int(end):
                    os.remove(place + '/control/break-after')
                    self.wfile.write(data[start:start + int(end)]); self.close_connection = True; return
                self.wfile.write(data[start:])

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.daemon_threads = True
        if len(sys.argv) > 3:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); context.load_cert_chain(sys.argv[3], sys.argv[4])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        open(place + '/port.new', 'w').write(str(server.server_address[1]))
        os.rename(place + '/port.new', place + '/port')
        server.serve_forever()

        """#
}
