/// Which abilities of a NETCONF device are used where it has them: `ned-settings` of the device, its profile or
/// global-settings. For devices that offer what they do badly.
package struct NETCONFSettings: Hashable, Sendable {
    package var usesConfirmedCommit = true
    package var usesValidate = true
    package var usesStartup = true
    package var usesTransactionID = true

    package init() {}
}
