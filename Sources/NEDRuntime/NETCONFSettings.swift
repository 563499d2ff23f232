/// Which abilities of a NETCONF device are used where it has them: `ned-settings` of the device, its profile or
/// global-settings. For devices that offer what they do badly.
package struct NETCONFSettings: Hashable, Sendable {
    package var usesConfirmedCommit = true
    package var usesValidate = true
    package var usesStartup = true
    package var usesTransactionID = true
    /// Several requests are sent before the first is answered, where each may be carried out whatever became of the others.
    package var pipelines = true
    /// The YANG library is read although the greeting names all modules of the driver.
    package var readsModuleLibrary = false

    package init() {}
}
