import ConfigTree
import YANG

/// Models and data that the checks stand on.
enum FuzzModels {
    static let dataText = """
        module m { yang-version 1.1; namespace "urn:m"; prefix m;
          import openned-extensions { prefix oned; }
          identity kind; identity ether { base kind; } identity fast { base ether; }
          typedef percent { type uint8 { range "0..100"; } }
          container top {
            leaf s { type string { length "0..12"; } }
            leaf p { type string { pattern "[a-z]+(-[0-9]{1,3})?"; } }
            leaf b { type boolean; default true; }
            leaf e { type empty; }
            leaf n { type int32; }
            leaf big { type uint64; }
            leaf d { type decimal64 { fraction-digits 2; } default 1.5; }
            leaf bin { type binary; }
            leaf flags { type bits { bit one { position 1; } bit two { position 2; } bit three; } }
            leaf level { type enumeration { enum low { value 3; } enum high { value 7; } } default low; }
            leaf id { type identityref { base kind; } }
            leaf inst { type instance-identifier { require-instance false; } }
            leaf ref { type leafref { path "/m:top/m:l/m:k"; require-instance false; } }
            leaf near { type leafref { path "../l[k=current()/../ref]/v"; require-instance false; } }
            leaf u { type union { type percent; type enumeration { enum auto; } type string { length "3..5"; } } }
            choice c { default x;
              case x { leaf x1 { type string; default dx; } container xc { leaf x2 { type string; } } }
              case y { leaf y1 { type string; } leaf-list y2 { type int8; } } }
            container on { presence "on"; leaf q { type percent; default 50; } }
            leaf-list sl { type uint16; }
            leaf-list ul { type string; ordered-by user; default a; default b; }
            list l { key "k n"; leaf n { type uint8; } leaf k { type string; } leaf v { type string; }
              list sub { key id; ordered-by user; leaf id { type string; } leaf w { type int8; default 4; } }
              action clear { input { leaf hard { type boolean; } } } }
            list t { key id; leaf id { type identityref { base kind; } } leaf v { type empty; } }
            anydata any;
            leaf state { config false; type string; }
            list log { config false; leaf text { type string; } }
          }
          leaf lone { type string; }
          rpc ping { input { leaf count { type percent; mandatory true; } container to { leaf host { type string; } } }
            output { leaf lost { type percent; } } }
          list device { key name; leaf name { type string; } leaf driver { type string; }
            container config { oned:mount-point "device-config"; } }
        }
        """

    static let otherText = """
        module o { yang-version 1.1; namespace "urn:o"; prefix o; import m { prefix m; }
          identity slow { base m:kind; }
          augment "/m:top" { leaf s { type string; } leaf extra { when "../m:b='true'"; type m:percent; }
            list l { key k; leaf k { type int8; } must "count(../l) < 5"; } }
        }
        """

    static let deviceText = """
        module dev { yang-version 1.1; namespace "urn:dev"; prefix dev;
          leaf host { type string; } container sys { leaf mtu { type uint16; default 1500; } }
          list i { key k; leaf k { type string; } leaf peer { type leafref { path "/i/k"; } } } }
        """

    private static let extensionText = """
        module openned-extensions { namespace "urn:oned"; prefix oned; extension mount-point { argument name; } }
        """

    /// Every type and shape of node, an augmenting module, and devices with a model of their own below a mount point.
    static let model: DataModel = {
        let device = DataModel(schema([deviceText]))
        return DataModel(schema([dataText, otherText, extensionText])) { row, point in
            let driver = point.dataParent?.dataChild(named: "driver").flatMap { row.value(in: $0.slot) }
            return driver == "dev" ? device : nil
        }
    }()

    private static func schema(_ texts: [String]) -> Schema {
        let sources = texts.enumerated().map {
            SchemaCompiler.Source(path: "f\($0.offset).yang", bytes: Array($0.element.utf8))
        }
        let outcome = SchemaCompiler().compile(sources)
        guard let schema = outcome.schema else { preconditionFailure("\(outcome.diagnostics)") }
        return schema
    }

    /// Data that uses most of the model.
    static let document = """
        <config xmlns="http://tail-f.com/ns/config/1.0"><top xmlns="urn:m" xmlns:o="urn:o">
        <s>a &lt; b</s><p>eth-12</p><b>false</b><e/><n>-5</n><big>18446744073709551615</big><d>2.50</d><bin>aGk=</bin>
        <flags>two one</flags><level>high</level><id xmlns:x="urn:m">x:fast</id><ref>p1</ref><u>7</u>
        <inst xmlns:m="urn:m">/m:top/m:l[m:k='p1'][m:n='1']/m:v</inst><y1>why</y1><y2>3</y2><y2>-3</y2>
        <on><q>1</q></on><sl>9</sl><sl>10</sl><ul>z</ul><ul>a</ul>
        <l><k>p1</k><n>1</n><v>one</v><sub><id>b</id></sub><sub><id>a</id><w>1</w></sub></l>
        <l><k>p2</k><n>1</n></l><t><id>o:slow</id><v/></t><o:s>other</o:s><o:l><o:k>1</o:k></o:l></top>
        <lone xmlns="urn:m">x</lone><device xmlns="urn:m"><name>r1</name><driver>dev</driver><config>
        <host xmlns="urn:dev">h</host><i xmlns="urn:dev"><k>e0</k><peer>e0</peer></i></config></device></config>
        """

    static let tree: DataTree = {
        let decoded = XMLDataDecoder.tree(Array(document.utf8), file: "document.xml", model: model)
        precondition(!decoded.hasErrors, "\(decoded.diagnostics)")
        return decoded.content
    }()
}
