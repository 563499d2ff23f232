# Reads package-meta-data.xml.in and prints the lines NAME, VERSION, KIND (cli, nc, gen or snmp; empty for a package
# that is no driver) and NED-ID. With -v rewrite=1 it prints the finished package-meta-data.xml instead.
#
# -v suffix=TEXT puts TEXT between the kind and the version in the name and the ned-id.

{ text = text $0 "\n" }

END {
    sub(/^\357\273\277/, "", text)
    source = text
    plain = without_comments(text)
    read(plain)
    if (root != "ncs-package") fail("the root element is not ncs-package")
    if (name == "") fail("the element name is missing")
    if (name !~ /^[A-Za-z][A-Za-z0-9_.-]*$/)
        fail("the name '" name "' is not made of the characters A-Z a-z 0-9 _ . - after a letter")
    if (split(version, part, ".") < 2 || part[1] !~ /^[0-9]+$/ || part[2] !~ /^[0-9]+/)
        fail("package-version is '" version "', but has to begin with two numbers, such as 1.0")
    sub(/[^0-9].*$/, "", part[2])
    ned_id = (kind == "") ? "" : name "-" kind suffix "-" part[1] "." part[2]
    if (rewrite) print_file(); else printf "%s\n%s\n%s\n%s\n", name, version, kind, ned_id
}

function fail(reason) {
    printf "%s: %s\n", FILENAME, reason > "/dev/stderr"
    failed = 1
    exit 1
}

function without_comments(s,   out, a, b) {
    out = ""
    while ((a = index(s, "<!--")) > 0) {
        out = out substr(s, 1, a - 1)
        s = substr(s, a + 4)
        b = index(s, "-->")
        if (b == 0) fail("a comment does not end")
        s = substr(s, b + 3)
    }
    return out s
}

function trimmed(s) {
    gsub(/^[ \t\r\n]+|[ \t\r\n]+$/, "", s)
    return s
}

# Walks over the elements; `path` is the stack of their names.
function read(s,   tag, depth, path, content, element) {
    depth = 0
    while (match(s, /<[^>]*>/)) {
        content = substr(s, 1, RSTART - 1)
        tag = substr(s, RSTART + 1, RLENGTH - 2)
        s = substr(s, RSTART + RLENGTH)
        if (tag ~ /^[?!]/) continue
        if (tag ~ /^\//) {
            if (path == "ncs-package/name" && name == "") name = trimmed(content)
            if (path == "ncs-package/package-version" && version == "") version = trimmed(content)
            if (depth == 0) fail("</" substr(tag, 2) "> without a beginning")
            sub(/\/?[^\/]*$/, "", path)
            depth--
            continue
        }
        element = tag
        sub(/[ \t\r\n\/].*$/, "", element)
        if (root == "") root = element
        path = (path == "") ? element : path "/" element
        if (path == "ncs-package/component/ned/cli") kind = "cli"
        if (path == "ncs-package/component/ned/netconf") kind = "nc"
        if (path == "ncs-package/component/ned/generic") kind = "gen"
        if (path == "ncs-package/component/ned/snmp") kind = "snmp"
        if (tag ~ /\/$/) sub(/\/?[^\/]*$/, "", path); else depth++
    }
    if (depth != 0) fail("the element " path " does not end")
}

# The file with the first name and every ned-id of a driver component replaced.
function print_file(   out, s, done) {
    out = "<?xml version=\"1.0\"?>\n<!-- Made from src/package-meta-data.xml.in by the build: change that file. -->\n"
    s = plain
    sub(/^[ \t\r\n]*<\?xml[^>]*\?>[ \t\r\n]*/, "", s)
    sub(/^[ \t\r\n]+/, "", s)
    if (ned_id != "") {
        match(s, /<name>[^<]*<\/name>/)
        s = substr(s, 1, RSTART - 1) "<name>" ned_id "</name>" substr(s, RSTART + RLENGTH)
        # A NETCONF driver may leave its ned-id to the build altogether.
        if (kind == "nc" && match(s, /<netconf[ \t\r\n]*\/>|<netconf>[ \t\r\n]*<\/netconf>/))
            s = substr(s, 1, RSTART - 1) "<netconf><ned-id>-</ned-id></netconf>" substr(s, RSTART + RLENGTH)
        done = ""
        while (match(s, /<ned-id[^>]*>[^<]*<\/ned-id>/)) {
            done = done substr(s, 1, RSTART - 1) "<ned-id xmlns:id=\"http://tail-f.com/ns/ned-id/" ned_id "\">id:" \
                ned_id "</ned-id>"
            s = substr(s, RSTART + RLENGTH)
        }
        s = done s
    }
    printf "%s%s", out, s
}
