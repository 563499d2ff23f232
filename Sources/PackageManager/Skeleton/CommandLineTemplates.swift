/// The texts of a new driver of a device with a command line. `@NAME@` and its like are filled in by `PackageSkeleton`.
enum CommandLineTemplates {
    static let model = """
        module @NAME@ {
          yang-version 1.1;
          namespace "urn:ned:@NAME@";
          prefix @NAME@;

          import tailf-common {
            prefix tailf;
          }
          import ietf-inet-types {
            prefix inet;
          }

          description "The configuration of the device, as far as this driver knows it.";

          revision @TODAY@ {
            description "The first lines.";
          }

          leaf hostname {
            tailf:info "Name of the device";
            type string;
          }

          list interface {
            tailf:info "Interfaces";
            tailf:cli-mode-name "config-if";
            key name;
            leaf name {
              type string;
            }
            leaf description {
              tailf:info "What is connected";
              tailf:cli-multi-value;
              type string;
            }
            leaf mtu {
              tailf:info "Largest packet, in bytes";
              type uint16 {
                range "64..9216";
              }
            }
            leaf shutdown {
              tailf:info "Take the interface out of use";
              type empty;
            }
          }

          container ip {
            tailf:info "Internet protocol";
            list name-server {
              tailf:info "Name servers";
              tailf:cli-suppress-mode;
              key address;
              leaf address {
                type inet:ip-address;
              }
            }
          }
        }

        """

    static let driver = #"""
        # How the driver talks to the device. Patterns are XSD regular expressions (RFC 7950 section 9.4.5) that match a whole
        # line; in what is sent, $user, $password and $secondary-password are those of the authgroup.
        name: @NAME@
        dialect: ios

        # direct: there is no candidate. What is sent takes effect at once, and an abort sends the reverse.
        transaction: direct

        prompts:
          operational: '[^\s#>()]{1,64}#\s?'
          unprivileged: '[^\s#>()]{1,64}>\s?'
          configuration: '[^\s#>()]{1,64}\(config[^)]*\)#\s?'
        enable: enable
        login:
          - {expect: '([Uu]sername|[Ll]ogin):\s?', send: "$user"}
          - {expect: '([Pp]assword|.*\S''s password):\s?', send: "$password"}

        setup:
          - terminal length 0
          - terminal width 0

        commands:
          show: show running-config
          enter: configure terminal
          leave: end
          save: write memory
          exit: exit

        errors:
          refusal:
            - '%.*'
            - '.*[Ii]nvalid input detected.*'

        # Lines of the shown configuration that are no configuration.
        volatile:
          - 'Building configuration\.\.\.'
          - 'Current configuration ?: [0-9]+ bytes'
          - 'end'

        """#

    static let initialData = """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <hostname xmlns="urn:ned:@NAME@">%NAME%</hostname>
        </config>

        """

    /// Holds the model against what a device shows: nothing is skipped, the data is as expected, and so are the commands
    /// from one configuration to another.
    static let tests = """
        NCS_NED ?= $(NCS_DIR)/bin/ncs-ned

        all: check data commands

        check:
        	$(NCS_NED) check .. sample.cfg changed.cfg

        data:
        	$(NCS_NED) parse .. sample.cfg --mode strict | diff sample.xml -

        commands:
        	$(NCS_NED) diff .. sample.cfg changed.cfg | diff commands.txt -

        .PHONY: all check data commands

        """

    static let sample = """
        hostname edge
        interface Ethernet1
         description To the core
         mtu 9000
        !
        interface Ethernet2
         shutdown
        !
        ip name-server 192.0.2.53

        """

    static let changedSample = """
        hostname edge
        interface Ethernet1
         description To the core
         mtu 1500
        !
        interface Ethernet2
        !
        ip name-server 192.0.2.53

        """

    static let sampleData = """
        <config xmlns="http://tail-f.com/ns/config/1.0">
          <hostname xmlns="urn:ned:@NAME@">edge</hostname>
          <interface xmlns="urn:ned:@NAME@">
            <name>Ethernet1</name>
            <description>To the core</description>
            <mtu>9000</mtu>
          </interface>
          <interface xmlns="urn:ned:@NAME@">
            <name>Ethernet2</name>
            <shutdown/>
          </interface>
          <ip xmlns="urn:ned:@NAME@">
            <name-server>
              <address>192.0.2.53</address>
            </name-server>
          </ip>
        </config>

        """

    static let commands = """
        interface Ethernet1
         mtu 1500
        exit
        interface Ethernet2
         no shutdown
        exit

        """
}
