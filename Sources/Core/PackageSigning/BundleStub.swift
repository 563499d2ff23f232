/// The shell script at the head of every bundle: what happens when somebody runs a bundle by hand.
///
/// It is a constant, filled up to 4096 bytes; a reader compares it and the daemon never runs it. It downloads nothing
/// and verifies nothing itself: it asks an installed `ncs-package`, whose trust anchors are local.
package enum BundleStub {
    /// The stubs that a reader knows, the newest first; a bundle is made with the first.
    package static let known: [[UInt8]] = [version1]

    static let version1: [UInt8] = {
        let text = Array(script.utf8)
        let line = Array("#".utf8) + Array(repeating: UInt8(ascii: "-"), count: 62) + Array("\n".utf8)
        var stub = text
        while stub.count + line.count + 1 <= BundleFormat.stubSize { stub += line }
        stub += Array(repeating: UInt8(ascii: "#"), count: max(BundleFormat.stubSize - stub.count - 1, 0))
        stub.append(UInt8(ascii: "\n"))
        return stub
    }()

    private static let script = #"""
        #!/bin/sh
        # A signed package: this script (4096 bytes), then a manifest, its signature,
        # the signer's certificates and the archive. docs/BUNDLES.md has the format.
        #   sh FILE.signed.bin                      verify, then unpack FILE.tar.gz beside
        #   sh FILE.signed.bin --skip-verification  unpack only
        # Verified is with the installed ncs-package and its local trust anchors.
        set -u
        bundle=$0
        skip=no
        for argument in "$@"; do
            case $argument in
            --skip-verification) skip=yes ;;
            *)
                echo "usage: sh $bundle [--skip-verification]" >&2
                exit 2
                ;;
            esac
        done
        fail() {
            echo "$bundle: $1" >&2
            rm -f "$new"
            exit 1
        }
        # number OFFSET: the ten digits that stand there
        number() {
            digits=$(tail -c "+$(($1 + 1))" "$bundle" | head -c 10 | tr -cd 0-9)
            [ ${#digits} -eq 10 ] || return 1
            digits=$(echo "$digits" | sed 's/^0*//')
            echo "${digits:-0}"
        }
        output=$(dirname -- "$bundle")/$(basename -- "$bundle" .signed.bin).tar.gz
        new=$output.$$.new
        echo "Unpacking..."
        at=4120
        for member in manifest signature chain; do
            length=$(number $at) || fail "is cut short or damaged; fetch it again"
            at=$((at + 11 + length))
        done
        (umask 022 && set -C && tail -c "+$((at + 1))" "$bundle" > "$new") ||
            fail "cannot write $new"
        if [ $skip = yes ]; then
            echo "NOT VERIFIED: skipped on request."
        else
            echo "Verifying signature..."
            tool=$(command -v ncs-package) || tool=${NCS_DIR:-}/bin/ncs-package
            if [ ! -x "$tool" ]; then
                echo "NOT VERIFIED: no ncs-package on PATH or in \$NCS_DIR/bin." >&2
                fail "stopped; install it, or give --skip-verification"
            fi
            if ! "$tool" verify "$bundle"; then
                echo "NOT VERIFIED: the signature was refused." >&2
                fail "stopped; nothing was unpacked"
            fi
        fi
        mv -f -- "$new" "$output" || fail "cannot write $output"
        echo "Unpacked $output"
        exit 0

        """#
}
