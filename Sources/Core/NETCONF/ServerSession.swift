import Basics
import ConfigTree
import Synchronization

/// One session of a server: bytes in, bytes out. Knows no transport; used by one thread at a time.
///
/// Life: greeting, requests one after another, over. A peer that breaks the framing, the greeting, or with base 1.0 the
/// XML, gets a close and no answer; everything else gets a reply.
package final class ServerSession {
    /// What is to be sent, and whether the session is over then.
    package struct Output: Sendable {
        package var pieces: [[UInt8]] = []
        /// What follows the pieces, to be asked for as the client takes it.
        package var stream: ReplyStream?
        package var closes = false
        /// The transport is to be broken rather than closed.
        package var breaks = false

        /// All of it, taken out of the stream.
        package var bytes: [UInt8] { prefix(.max) }

        /// The first bytes of it.
        package func prefix(_ count: Int) -> [UInt8] {
            var result = pieces.flatMap { $0 }
            while result.count < count, let piece = stream?.next() { result += piece }
            return result.count > count ? Array(result.prefix(count)) : result
        }
    }

    let server: NETCONFServer
    package let info: SessionInfo
    private var frames: FrameReader
    private var hasGreeted = false
    package private(set) var isOver = false
    private var isSilent = false
    var closesAfterReply = false
    var subscription: Subscription?
    let wake: @Sendable () -> Void

    /// - Parameters:
    ///   - wake: called from any thread when `step` has something to say without being asked.
    ///   - end: called from any thread when another session kills this one.
    package init(
        _ server: NETCONFServer, user: String, source: String, transport: String = "netconf-ssh",
        wake: @escaping @Sendable () -> Void = {}, end: @escaping @Sendable () -> Void
    ) {
        self.server = server
        self.wake = wake
        info = server.begin(user: user, source: source, transport: transport, end: end)
        frames = FrameReader(limit: server.limits.hello)
    }

    deinit { server.end(info.id, .dropped) }

    /// What goes out first.
    package var greeting: [UInt8] {
        MessageFraming.endOfMessage.frame(Hello(server.capabilities, sessionID: info.id).bytes)
    }

    /// The transport is gone, or is being closed.
    package func end() { end(.dropped) }

    private func end(_ ending: NETCONFServer.Ending) {
        isOver = true
        server.end(info.id, ending)
    }

    /// Whether the client has sent a greeting that fits ours.
    package var isGreeted: Bool { hasGreeted }

    /// Takes bytes without working on them.
    package func append(_ bytes: [UInt8]) { if !isOver, !isSilent { frames.append(bytes) } }

    /// Works on the next whole message, else tells the next notification; nil if there is neither. So a caller can stop
    /// between two while the peer does not read.
    package func step() -> Output? {
        guard !isOver, !isSilent else { return nil }
        let message: MessageBytes?
        do throws(FramingError) {
            message = try frames.nextMessage()
        } catch {
            server.withState { $0.statistics.droppedSessions += 1 }
            return close()
        }
        guard let message else { return notification().map { output($0) } }
        return hasGreeted ? answer(message) : greet(message)
    }

    private func close(_ pieces: [[UInt8]] = []) -> Output {
        end(closesAfterReply ? .closed : .dropped)
        return Output(pieces: pieces, closes: true)
    }

    private func greet(_ message: MessageBytes) -> Output {
        guard let hello = try? Hello(message: message.joined), hello.sessionID == nil,
            let framing = server.capabilities.framing(with: hello.capabilities)
        else {
            server.withState { $0.statistics.inBadHellos += 1 }
            return close()
        }
        let rest = frames
        frames = FrameReader(limit: server.limits.message)
        frames.take(over: rest)
        frames.framing = framing
        hasGreeted = true
        let id = info.id
        server.withState { $0.sessions[id]?.hasGreeted = true }
        server.publishStart(info)
        return Output()
    }

    private func answer(_ message: MessageBytes) -> Output {
        var reply = Reply()
        do {
            let request = try RequestReader.head(message)
            reply.attributes = request.attributes
            count(\.inRPCs, \.inRPCs)
            if let output = interfere(request.name, &reply) { return output }
            try carryOut(request, message, &reply)
        } catch let error as RequestFault {
            count(\.inBadRPCs, \.inBadRPCs)
            reply.attributes = error.attributes
            reply.body = .errors([error.error])
        } catch let error as RPCFailure {
            reply.body = .errors(error.errors)
        } catch let error as RPCError {
            reply.body = .errors([error])
        } catch {
            // Not XML, or not within the bounds: only a peer with base 1.1 knows the tag for that.
            count(\.inBadRPCs, \.inBadRPCs)
            guard case .chunked = frames.framing else { return close() }
            reply.attributes = []
            reply.body = .errors([RPCError(.rpc, .malformedMessage, Self.text(of: error))])
        }
        if case .errors = reply.body { count(\.outRPCErrors, \.outRPCErrors) }
        return output(reply)
    }

    /// Counts something for the server and for this session.
    func count(
        _ total: WritableKeyPath<NETCONFServer.Statistics, Int>, _ own: WritableKeyPath<NETCONFServer.Counts, Int>
    ) {
        let id = info.id
        server.withState { state in
            state.statistics[keyPath: total] += 1
            state.sessions[id]?.counts[keyPath: own] += 1
        }
    }

    private static func text(of error: any Error) -> String {
        guard let found = (error as? DiagnosticsError)?.diagnostics.first else { return "\(error)" }
        return found.summary + (found.place.map { " (line \($0.line), column \($0.column))" } ?? "")
    }

    private func output(_ message: [UInt8]) -> Output {
        let piece = frames.framing.frame(message)
        return closesAfterReply ? close([piece]) : Output(pieces: [piece])
    }

    private func output(_ reply: Reply) -> Output {
        guard case .tree(let content) = reply.body else { return output(reply.bytes) }
        return Output(stream: ReplyStream(reply.attributes, content, frames.framing))
    }

    private func interfere(_ operation: String, _ reply: inout Reply) -> Output? {
        switch server.datastore.received(operation, session: info) {
        case nil: return nil
        case .refuse(let message)?:
            reply.body = .errors([RPCError(.application, .operationFailed, message)])
            return output(reply)
        case .hangUp?:
            end()
            return Output(closes: true, breaks: true)
        case .silence?:
            isSilent = true
            return Output()
        }
    }
}
