import YANG

extension InstancePath {
    /// As operators read it, with prefixes where the module changes: `/ncs:devices/device[name='ce0']/address`.
    package var xpath: String {
        var text = ""
        var module: String?
        for step in steps {
            let here = step.node.module
            text += "/" + (here.name == module ? "" : here.prefix + ":") + step.node.name
            module = here.name
            if step.node.kind == .leafList {
                text += step.keys.map { "[.='\($0)']" }.joined()
            } else {
                text += zip(step.node.keys, step.keys).map { "[\($0.name)='\($1)']" }.joined()
            }
        }
        return text
    }
}
