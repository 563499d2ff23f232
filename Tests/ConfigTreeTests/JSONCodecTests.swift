import Basics
import ConfigTree
import Testing

let devicesJSON = """
    {
      "data": {
        "tailf-ncs:devices": {
          "device": [
            {
              "name": "ce0",
              "address": "10.0.0.1",
              "port": 10022,
              "device-type": {
                "cli": {
                  "ned-id": "ios-id:ios"
                }
              },
              "config": {
                "ios:hostname": "edge <1>",
                "ios:interface": [
                  {
                    "name": "Gi0",
                    "mtu": 9000
                  },
                  {
                    "name": "Gi1"
                  }
                ],
                "ios:acl": [
                  {
                    "seq": 20,
                    "action": "deny"
                  },
                  {
                    "seq": 10,
                    "action": "permit"
                  }
                ]
              },
              "authgroup": "default",
              "tag": ["x", "y"],
              "order": ["2", "1"],
              "trace": {},
              "serial": "18446744073709551615",
              "flag": [null],
              "up": true,
              "peer": "/tailf-ncs:devices/device[name='a:b']",
              "extra": {
                "a": {
                  "b": "1"
                }
              }
            }
          ],
          "pair": [
            {
              "b": "2",
              "a": "1",
              "inner": {
                "sub": [
                  {
                    "k": "k1",
                    "v": "v1"
                  }
                ]
              }
            }
          ]
        }
      }
    }

    """

func decodeJSON(_ text: String, _ options: DecodeOptions = .init()) -> Decoded<DataTree> {
    JSONDataDecoder.tree(Array(text.utf8), file: "f.json", model: CodecFixture.model, options: options)
}

func encodeJSON(_ tree: DataTree, _ options: EncodeOptions = .init()) -> String {
    String(decoding: JSONDataEncoder.bytes(tree, options), as: UTF8.self)
}

private func jsonFaults(_ content: String) -> [String] {
    let text = "{\"tailf-ncs:devices\":{\"device\":[{\"name\":\"ce0\",\n\(content)}]}}"
    return decodeJSON(text).diagnostics.map { "\($0.place?.line ?? 0): \($0.summary)" }
}

@Test func jsonAndXMLTellTheSameTree() {
    let fromXML = decodeXML(devicesXML).content
    #expect(encodeJSON(fromXML) == devicesJSON)
    let fromJSON = decodeJSON(devicesJSON)
    #expect(fromJSON.diagnostics.map(\.description) == [])
    #expect(encodeJSON(fromJSON.content) == devicesJSON)
    #expect(
        encodeXML(fromJSON.content).replacing(" xmlns=\"urn:a\"", with: "")
            == devicesXML.replacing(" xmlns=\"urn:a\"", with: ""))
}

@Test func jsonMembersMayComeInAnyOrder() throws {
    let text = """
        {"tailf-ncs:devices": {"device": [{"config": {"ios:hostname": "h"},
        "device-type": {"cli": {"ned-id": "ios-id:ios"}}, "name": "ce0"}],
        "pair": [{"inner": {"sub": [{"v": "v1", "k": "k1"}]}, "a": "1", "b": "2"}]}}
        """
    let decoded = decodeJSON(text)
    #expect(decoded.diagnostics.map(\.description) == [])
    let tree = decoded.content
    #expect(try tree.value(tree.path("/ncs:devices/device{ce0}/config/ios:hostname")) == "h")
    #expect(try tree.value(tree.path("/ncs:devices/pair{2 1}/inner/sub{k1}/v")) == "v1")
}

@Test(arguments: [
    ("\"port\": \"22\"", "2: port must be a number in JSON (type uint16)"),
    ("\"serial\": 1", "2: serial must be a string in JSON (type uint64)"),
    ("\"up\": \"true\"", "2: up must be true or false in JSON (type boolean)"),
    ("\"flag\": true", "2: flag must be [null] in JSON (type empty)"),
    ("\"tag\": \"x\"", "2: The leaf-list tag must be an array"),
    ("\"port\": [1]", "2: The leaf port must not be an array"),
    ("\"prot\": 1", "2: device has no child prot"),
    ("\"nope:port\": 1", "2: port under device names another module, or none"),
    ("\"state\": 1", "2: The container state cannot have the value \"1\""),
    ("\"port\": {}", "2: port"),
    ("\"port\": 1, \"port\": 2", "2: The member \"port\" stands twice in the object"),
])
func jsonFaultsNameLine(content: String, fault: String) {
    #expect(jsonFaults(content).contains { $0.hasPrefix(fault) }, "\(jsonFaults(content))")
}

@Test func laxJSONTakesNumbersAsStringsAndSingleEntries() {
    let text = "{\"devices\":{\"device\":{\"name\":\"a\",\"port\":\"7\",\"serial\":5,\"tag\":\"x\",\"later\":[1]}}}"
    let lax = decodeJSON(text, DecodeOptions(.lax))
    #expect(!lax.hasErrors && lax.diagnostics.count == 1)
    let device = "{\"name\":\"a\",\"port\":7,\"tag\":[\"x\"],\"serial\":\"5\"}"
    #expect(
        encodeJSON(lax.content, EncodeOptions(pretty: false))
            == "{\"data\":{\"tailf-ncs:devices\":{\"device\":[\(device)]}}}")
}
