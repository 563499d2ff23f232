import Foundation

/// Where a repository is and how it is reached, as `/software/repository` says it.
package struct RepositoryAddress: Hashable, Sendable {
    package var name: String
    /// `http` or `https`, without a slash at the end.
    package let base: String
    package var user: String?
    package var password: String?
    /// A proxy for this repository; nil takes what `http_proxy`, `https_proxy` and `no_proxy` of the environment say.
    package var proxy: String?
    /// A PEM file of authorities whose server certificates are accepted; nil takes those of the system.
    package var authorities: String?

    package init(
        name: String, url: String, user: String? = nil, password: String? = nil, proxy: String? = nil,
        authorities: String? = nil
    ) throws(PackageError) {
        func refuse(_ what: String, _ remedy: String) -> PackageError {
            PackageError(.repositoryInvalid, "repository \(name)", "its URL \(what)", remedy: remedy)
        }
        let trimmed = url.hasSuffix("/") ? String(url.dropLast()) : url
        guard let parts = URLComponents(string: trimmed), let scheme = parts.scheme?.lowercased(),
            ["http", "https"].contains(scheme), parts.host?.isEmpty == false
        else { throw refuse("'\(url.visible())' is not of HTTP", "write http://HOST/PATH or https://HOST/PATH") }
        guard parts.user == nil, parts.password == nil else {
            throw refuse("holds a user or password", "set the leafs user and password instead")
        }
        guard parts.query == nil, parts.fragment == nil else {
            throw refuse("has a query or fragment", "give the URL of the directory of index.txt")
        }
        self.name = name
        base = trimmed
        self.user = user
        self.password = password
        self.proxy = proxy
        self.authorities = authorities
    }

    package var isEncrypted: Bool { base.lowercased().hasPrefix("https:") }

    /// Of a file of the repository; `path` is one that `RepositoryIndex.isPath` accepts.
    func url(_ path: String) -> String { base + "/" + path }
}
