import Basics
import ConfigTree
import Foundation
import Testing
import YANG

/// A small system model in the manner of the real one, with devices under a mount point.
enum LabModels {
    static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static let router = compile("router", routerText)
    static let routerModel = DataModel(router)
    static let system = compile("lab", systemText)
    static let systemModel = makeSystemModel()

    /// Another model object over the same schema, as after a reload.
    static func makeSystemModel() -> DataModel {
        DataModel(system) { row, _ in
            let list = system.root.dataChild(named: "devices")?.dataChild(named: "device")
            guard let leaf = list?.dataChild(named: "ned-id") else { return nil }
            return row.value(in: leaf.slot) == "router-1.0" ? routerModel : nil
        }
    }

    private static func compile(_ name: String, _ text: String) -> Schema {
        var options = SchemaCompiler.Options()
        options.searchPath = ["\(repository)/yang/tailf", "\(repository)/yang/openned"]
        let source = SchemaCompiler.Source(path: "\(name).yang", bytes: Array(text.utf8))
        let outcome = SchemaCompiler(options: options).compile([source])
        guard let schema = outcome.schema else {
            Issue.record("\(outcome.diagnostics.map(\.description).joined(separator: "\n"))")
            preconditionFailure("the test's own model does not compile")
        }
        return schema
    }

    private static let routerText = """
        module router {
          namespace "urn:test:router"; prefix r;
          import tailf-common { prefix tailf; }
          container sys {
            leaf hostname { type string; }
            container dns {
              list server { key address; leaf address { type string; } }
            }
          }
          list interface {
            key name;
            leaf name { type string; }
            leaf description { type string; }
            leaf mtu { type uint16 { range "68..9200"; } }
            leaf enabled { type boolean; }
          }
          list username {
            key name;
            leaf name { type string; }
            container password {
              leaf type { tailf:cli-drop-node-name; type enumeration { enum 0; enum 7; } }
              leaf value {
                tailf:cli-drop-node-name;
                tailf:suppress-echo "true";
                tailf:info "WORD;;The password";
                type tailf:aes-256-cfb-128-encrypted-string;
              }
            }
          }
          leaf-list community { type tailf:aes-256-cfb-128-encrypted-string; }
          leaf shared { tailf:cli-multi-value; type tailf:aes-256-cfb-128-encrypted-string; }
        }
        """

    private static let systemText = """
        module lab {
          yang-version 1.1;
          namespace "urn:test:lab"; prefix lab;
          import tailf-common { prefix tailf; }
          import openned-extensions { prefix oned; }
          grouping result { leaf result { type boolean; } leaf info { type string; } }
          container devices {
            tailf:info "The managed devices";
            container global-settings { leaf trace { type boolean; default false; } }
            list device {
              key name;
              tailf:info "The list of managed devices";
              tailf:cli-mode-name "config-device-$(name)";
              leaf name { type string; tailf:cli-allow-range; }
              leaf address { type string; tailf:info "IP address"; }
              leaf port { type uint16; }
              leaf description { type string; }
              leaf ned-id { type string; }
              leaf password { type tailf:aes-256-cfb-128-encrypted-string; }
              container state { config false; leaf oper-state { type string; } }
              list module {
                config false; key name;
                leaf name { type string; } leaf revision { type string; } leaf-list feature { type string; }
              }
              container config {
                tailf:cli-add-mode; tailf:cli-mode-name "config-config"; oned:mount-point "device-config";
              }
              action sync-from {
                tailf:info "Synchronize the config by pulling from the device";
                input { leaf dry-run { type empty; } leaf outformat { type enumeration { enum cli; enum xml; } } }
                output { uses result; }
              }
              action log-in {
                input { leaf name { type string; } leaf pass { type tailf:aes-256-cfb-128-encrypted-string; } }
              }
              action check-sync { output { leaf result { type string; } } }
              action compare-config { output { leaf diff { type string; } } }
            }
            action migrate {
              input { leaf old-ned-id { type string; mandatory true; } leaf new-ned-id { type string; mandatory true; }
                leaf dry-run { type empty; } leaf verbose { type empty; } }
              output {
                list migrate-result { key device; leaf device { type string; } uses result; }
                list modified-path {
                  key path;
                  leaf path { type string; }
                  list modification { leaf info { type string; } leaf backward-compatible { type boolean; } }
                  leaf-list device { type string; }
                  leaf data { type string; }
                }
              }
            }
            action sync-from { output { list sync-result { key device; leaf device { type string; } uses result; } } }
            action list {
              tailf:cli-mount-point "show";
              output {
                list device {
                  key name; oned:cli-table;
                  leaf name { type string; } leaf address { type string; } leaf description { type string; }
                  leaf ned-id { type string; tailf:display-column-name "NED ID"; }
                  leaf admin-state { type string; }
                }
              }
            }
          }
          container packages {
            list package {
              config false; key name; tailf:cli-suppress-table;
              leaf name { type string; }
              leaf package-version { type string; }
              leaf description { type string; }
              leaf-list ncs-min-version { type string; }
              leaf directory { type string; }
              list component {
                key name; tailf:cli-suppress-table;
                leaf name { type string; }
                container ned {
                  container cli { leaf ned-id { type string; } }
                  container device { leaf vendor { type string; } }
                  list option { key name; leaf name { type string; } leaf value { type string; } }
                }
              }
              container oper-status {
                choice status {
                  leaf up { type empty; tailf:display-column-name "UP"; }
                  leaf program-code-error { type empty; tailf:display-column-name "PROGRAM CODE ERROR"; }
                  leaf java-uninitialized { type empty; tailf:display-column-name "JAVA UNINITIALIZED"; }
                  leaf python-uninitialized { type empty; tailf:display-column-name "PYTHON UNINITIALIZED"; }
                  leaf bad-ncs-version { type empty; tailf:display-column-name "BAD NCS VERSION"; }
                  container missing-dependency {
                    leaf package-name { type string; tailf:display-column-name "PACKAGE NAME"; }
                    leaf package-version { type string; tailf:display-column-name "PACKAGE VERSION"; }
                  }
                  leaf circular-dependency { type empty; tailf:display-column-name "CIRCULAR DEPENDENCY"; }
                  leaf package-meta-data-error { type empty; tailf:display-column-name "PACKAGE META DATA ERROR"; }
                  leaf file-load-error { type empty; tailf:display-column-name "FILE LOAD ERROR"; }
                }
                leaf-list error-info { type string; tailf:display-column-name "ERROR INFO"; }
              }
              action redeploy { output { uses result; } }
            }
            action reload {
              input { leaf dry-run { type empty; } leaf max-wait-time { type uint32; mandatory true; } }
              output { list reload-result { key package; leaf package { type string; } uses result; } }
            }
          }
          container software { container packages {
            action list {
              oned:cli-indent "2";
              output { list package { key name; leaf name { type string; } leaf loaded { type empty; } } }
            }
          } }
          container system {
            leaf contact { type string; }
            leaf-list server { type string; }
          }
        }
        """
}
