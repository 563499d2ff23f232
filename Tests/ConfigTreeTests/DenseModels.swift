/// Small models in which nearly every node is bound to others.
enum DenseModels {
    static let all: [(name: String, text: String)] = [
        ("net", net), ("when", when), ("refs", refs), ("circle", circle),
    ]

    /// Lists that refer to each other, choices, counts, unique values.
    static let net = """
        module net {
          yang-version 1.1; namespace "urn:net"; prefix n;
          identity kind; identity ether { base kind; } identity gige { base ether; } identity loop { base kind; }
          container limits { leaf mtu { type uint16 { range "1..10"; } default 5; } leaf open { type boolean; } }
          list port {
            key name; max-elements 5; unique "ip mask"; unique "tag/inner";
            leaf name { type string { length 1; } }
            leaf kind { type identityref { base kind; } default loop; }
            leaf mtu { type uint16; default 2; must ". <= /n:limits/n:mtu" { error-app-tag too-big; } }
            leaf ip { type string { length 1; } }
            leaf mask { type uint8; default 1; }
            container tag {
              leaf inner { type string { length 1; } }
              leaf outer { type string { length 1; } must "../inner or count(../../../port) < 3"; }
            }
            container ether {
              when "derived-from-or-self(../kind, 'n:ether')";
              leaf speed { type uint8; mandatory true; }
              leaf duplex { type enumeration { enum half; enum full; } default full; must ". = 'full' or ../speed < 5"; }
            }
            leaf peer { type leafref { path "../../port/name"; } must ". != ../name"; }
            choice mode {
              default access;
              case access { leaf vlan { type uint8; default 1; must ". < 10 or /n:limits/n:open = 'true'"; } }
              case trunk {
                leaf-list vlans { type uint8; min-elements 1; max-elements 3; }
                leaf native { type leafref { path "../vlans"; } mandatory true; }
              }
              case routed { when "kind != 'n:loop'"; leaf vrf { type leafref { path "/n:vrf/n:id"; } } }
            }
          }
          list vrf {
            key id; leaf id { type string { length 1; } }
            leaf-list member { type leafref { path "/n:port/n:name"; } }
            list route {
              key prefix; ordered-by user; unique "metric";
              leaf prefix { type string { length 1; } }
              leaf metric { type uint8; }
              leaf via { type leafref { path "../../member"; } mandatory true; }
              leaf back { type leafref { path "../../route/prefix"; } must "count(../preceding-sibling::route) >= 0"; }
              must "not(preceding-sibling::route[prefix = current()/back])";
            }
            must "count(member) >= count(route) or /n:limits/n:open = 'true'" { error-message "too many routes"; }
          }
          container system {
            presence "there is one";
            leaf router { type leafref { path "/n:port/n:ip"; } mandatory true; }
            choice clock { mandatory true; leaf local { type empty; } container ntp { leaf server { type string; mandatory true; } } }
          }
        }
        """

    /// Conditions upon conditions, on every kind of node.
    static let when = """
        module when {
          yang-version 1.1; namespace "urn:when"; prefix w;
          leaf a { type boolean; default false; }
          leaf b { when "../a = 'true'"; type uint8; default 3; }
          leaf c { when "../b = 3"; type string; default x; }
          container d { when "../c = 'x'"; leaf e { type uint8; default 7; } leaf f { type string; mandatory true; } }
          leaf g { type string; must "../d/e = 7" { error-message "g wants e"; } }
          leaf h { type leafref { path "../d/e"; } }
          list item {
            key k; unique "u"; unique "v w";
            leaf k { type uint8 { range 1..5; } }
            leaf u { when "../on = 'true'"; type uint8; default 9; }
            leaf on { type boolean; }
            leaf v { when "/w:a = 'true'"; type uint8; default 1; }
            leaf w { type uint8 { range 1..3; } }
            choice one {
              when "on";
              case p { when "w = 1"; leaf p1 { type uint8; default 4; } leaf p2 { type string; mandatory true; } }
              case q { leaf q1 { type string; } choice two { default r; leaf r { type uint8; default 2; } leaf s { type string; } } }
            }
            container in {
              must "not(x) or ../w";
              leaf x { type string; }
              container deep { when "../x"; leaf y { type uint8; default 1; must "/w:item[w = current()]/k"; } }
            }
            leaf-list many { when "count(../../item) > 1"; type uint8; default 1; default 2; max-elements 3; }
            leaf sum { type uint8; must ". = sum(../many) or not(../many)"; }
          }
          grouping g { leaf g1 { type string; } container g2 { leaf g3 { type uint8; default 3; must ". < 9"; } } }
          uses g { when "w:a = 'false'"; refine g1 { default z; } }
          augment /w:item { when "w:w = 2"; leaf extra { type string; mandatory true; must ". != ../w:in/w:x"; } }
          leaf all { type uint8; must ". >= count(../*)"; }
          container p { presence p; when "count(../item) < 4"; leaf q { type string; } }
        }
        """

    /// Conditions that read each other, which yanglint refuses.
    static let circle = """
        module circle {
          yang-version 1.1; namespace "urn:circle"; prefix c;
          leaf a { type boolean; default false; }
          leaf b { type boolean; }
          leaf loop1 { when "../loop2 = 1 or ../a = 'true'"; type uint8; default 1; }
          leaf loop2 { when "../loop1 = 1"; type uint8; default 1; must "../b or ../a = 'false'"; }
          container c { when "count(../*) > 2"; leaf d { type uint8; default 1; must "../../loop1 or ../../b"; } }
          leaf-list e { when "../c/d = 1 or ../b"; type uint8; default 1; max-elements 2; }
          leaf f { when "string(..) != '1'"; type uint8; default 3; must "count(../e) > 0 or ../loop2 = 1"; }
        }
        """

    /// References of every kind.
    static let refs = """
        module refs {
          yang-version 1.1; namespace "urn:refs"; prefix r;
          list server {
            key "name zone"; leaf name { type string { length 1; } } leaf zone { type uint8 { range 1..2; } }
            leaf-list address { type string { length 1; } }
            leaf alias { type string { length 1; } default d; }
            list port { key id; leaf id { type uint8 { range 1..3; } } leaf label { type string { length 1; } default l; } }
          }
          list client {
            key id; leaf id { type leafref { path "/r:server/r:name"; } }
            leaf zone { type leafref { path "/r:server[r:name = current()/../id]/r:zone"; } mandatory true; }
            leaf port {
              type leafref { path "/r:server[r:name = current()/../id][r:zone = current()/../zone]/r:port/r:id"; }
            }
            leaf label { type leafref { path "/r:server/r:port/r:label"; } }
            leaf address { type leafref { path "/r:server/r:address"; } }
            leaf alias { type union { type leafref { path "/r:server/r:alias"; } type leafref { path "../../client/id"; } type enumeration { enum none; } } }
            leaf loose { type leafref { path "/r:server/r:name"; require-instance false; } }
            leaf chained { type leafref { path "../../client/address"; } }
            leaf point { type instance-identifier; }
            leaf hint { type instance-identifier { require-instance false; } }
            must "deref(zone)/../address or not(address)";
            must "not(port) or /r:server[r:name = current()/id][r:zone = current()/zone]/r:port[r:id = current()/port]/r:label != 'b'";
          }
          container group {
            list part { key n; leaf n { type uint8 { range 1..3; } }
              list leg { key m; unique "to/end"; leaf m { type uint8 { range 1..3; } }
                container to { leaf end { type leafref { path "../../../leg-name"; } } }
                leaf own { type leafref { path "../../leg/m"; } } }
              leaf-list leg-name { type string { length 1; } }
              leaf first { type leafref { path "../leg/m"; } } }
            leaf any { type leafref { path "../part/leg/to/end"; } }
          }
        }
        """
}
