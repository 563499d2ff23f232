# Keys, certificates, chains and revocation lists, all by openssl.

# What is accepted: keys of each kind, and chains of each length.
good("key-p-a", leaf)
for kind in ("p384", "rsa2048", "rsa3072", "ed25519"):
    good("key-" + kind, Certificate("leaf-" + kind, kind, root))
for kind in ("rsa2048", "ed25519", "p384"):
    other = trusted(Certificate("root-" + kind, kind, extensions=ROOT))
    good("root-" + kind, Certificate("below-" + kind, issuer=other))
good("chain-two", under, middle)
lower = Certificate("lower", "ed25519", middle, MIDDLE, own_key=True)
good("chain-three", Certificate("deep", "rsa2048", lower), lower, middle)
good("usage-two", Certificate("usage-two", issuer=root, extensions=[
    LEAF[0], "extendedKeyUsage=codeSigning,emailProtection"]))
good("usage-critical", Certificate("usage-critical", issuer=root, extensions=[
    LEAF[0], LEAF[1], "extendedKeyUsage=critical,codeSigning"]))
good("no-basic-constraints", Certificate("no-basic", issuer=root, extensions=LEAF[1:]))
good("no-key-usage", Certificate("no-key-usage", issuer=root, extensions=[LEAF[0], LEAF[2]]))
good("subject-accents", Certificate("accents", issuer=root, subject="/CN=Büro für Päckchen/O=Åäö"))
good("serial-long", Certificate("serial-long", issuer=root, serial="0x7fffffffffffffffffffffffffffffffffffffff"))
good("extension-unknown", Certificate("unknown", issuer=root, extensions=LEAF + ["1.2.3.4.5=ASN1:UTF8String:x"]))
signing = Certificate("signing", issuer=root, extensions=MIDDLE + ["extendedKeyUsage=codeSigning"], own_key=True)
good("middle-for-code", Certificate("below-signing", issuer=signing), signing)
short = Certificate("short", issuer=root, extensions=["basicConstraints=critical,CA:TRUE,pathlen:0", ROOT[1]], own_key=True)
good("path-length-kept", Certificate("below-short", issuer=short), short)
for digest in ("sha384", "sha512"):
    good("digest-" + digest, Certificate(digest, issuer=root, digest=digest))

# Times.
bad("expired", "expired at", Certificate("expired", issuer=root, dates=PAST))
bad("not-yet", "is valid from", Certificate("not-yet", issuer=root, dates=FUTURE))
for name, dates, reason in (("expired", PAST, "expired at"), ("not-yet", FUTURE, "is valid from")):
    old = Certificate("middle-" + name, issuer=root, extensions=MIDDLE, dates=dates)
    bad("middle-" + name, reason, Certificate("below-middle-" + name, issuer=old), old)
    old = trusted(Certificate("root-" + name, extensions=ROOT, dates=dates))
    bad("root-" + name, reason, Certificate("below-root-" + name, issuer=old))

# Weak or unknown keys and digests.
bad("weak-rsa", "at least 2048 bits", Certificate("weak", "rsa1024", root))
weak = Certificate("middle-weak", "rsa1024", root, MIDDLE)
bad("weak-middle", "at least 2048 bits", Certificate("below-weak", issuer=weak), weak)
trusted(Certificate("root-weak", "rsa1024", extensions=ROOT), "odd/weak")
bad("trust-weak", "at least 2048 bits", leaf, trust="odd/weak")
authority = trusted(Certificate("root-weak-digest", "rsa2048", extensions=ROOT, own_key=True, digest="sha1"))
good("root-by-digest", Certificate("fine-below", issuer=authority))
for digest in ("sha1", "md5"):
    reason = "is signed with|cannot be used"
    bad("leaf-by-" + digest, reason, Certificate("leaf-" + digest, issuer=authority, digest=digest))
    between = Certificate("middle-" + digest, issuer=authority, extensions=MIDDLE, digest=digest)
    bad("middle-by-" + digest, reason, Certificate("below-" + digest, issuer=between), between)
trusted(Certificate("root-md5", "rsa2048", extensions=ROOT, digest="md5"), "odd/md5")
bad("trust-md5", "cannot be used", leaf, trust="odd/md5")
padded = trusted(Certificate("root-padded", "rsa2048", extensions=ROOT))
bad("leaf-by-pss", "cannot be used", Certificate(
    "leaf-pss", issuer=padded, options=["-sigopt", "rsa_padding_mode:pss"]))
for kind in ("p521", "k256", "brainpool", "ed448", "rsapss"):
    bad("key-" + kind, "type that cannot sign|cannot be used", Certificate("leaf-" + kind, kind, root))

# What a certificate was issued for.
for usage in ("serverAuth", "clientAuth", "emailProtection", "timeStamping", "OCSPSigning", "anyExtendedKeyUsage",
              "1.3.6.1.4.1.311.10.3.13"):
    bad("for-" + re.sub("[^a-z]", "", usage.lower()) + ("x" if usage[0] == "1" else ""), "is not for code signing",
        Certificate("for-" + usage, issuer=root, extensions=[LEAF[0], "extendedKeyUsage=" + usage]))
bad("for-nothing", "is not for code signing", Certificate("for-nothing", issuer=root, extensions=LEAF[:2]))
for usage in ("keyEncipherment", "keyCertSign", "nonRepudiation", "keyAgreement"):
    bad("may-" + usage.lower(), "may not sign", Certificate(
        "may-" + usage, issuer=root, extensions=[LEAF[0], LEAF[2], "keyUsage=critical," + usage]))
bad("leaf-is-authority", "is that of an authority", Certificate("authority", issuer=root, extensions=[ROOT[0], LEAF[1], LEAF[2]]))
for name, extensions in {
    "middle-is-leaf": LEAF, "middle-without-constraints": ["keyUsage=critical,keyCertSign"],
    "middle-may-not-issue": [ROOT[0], "keyUsage=critical,digitalSignature"],
    "middle-for-servers": ROOT + ["extendedKeyUsage=serverAuth"],
}.items():
    between = Certificate(name, issuer=root, extensions=extensions, own_key=True)
    bad(name, "may not issue|does not lead", Certificate("below-" + name, issuer=between), between)
too_low = Certificate("too-low", issuer=short, extensions=MIDDLE, own_key=True)
bad("path-length", "authorities below it", Certificate("below-too-low", issuer=too_low), too_low, short)
critical = "1.2.3.4.5=critical,ASN1:UTF8String:x"
bad("critical-leaf", "has the critical extension", Certificate("critical", issuer=root, extensions=LEAF + [critical]))
between = Certificate("middle-critical", issuer=root, extensions=MIDDLE + [critical], own_key=True)
bad("critical-middle", "has the critical extension", Certificate("below-critical", issuer=between), between)

# Chains.
stranger = Certificate("stranger", extensions=ROOT, own_key=True)
bad("stranger", "which issued it, is not there", Certificate("below-stranger", issuer=stranger))
bad("self-signed", "does not lead", Certificate("self-signed", own_key=True))
false_root = Certificate("false-root", extensions=ROOT, own_key=True, subject="/CN=root")
bad("same-name-root", "of the same name", Certificate("below-false-root", issuer=false_root))
false_middle = Certificate("false-middle", issuer=root, extensions=MIDDLE, own_key=True, subject="/CN=middle")
bad("same-name-middle", "does not lead", under, false_middle)
bad("middle-missing", "which issued it, is not there", under)
bad("order-turned", "not that of|is not for code signing|may not", middle, under, signer=under)
bad("order-middle", "not in order", Certificate("deepest", issuer=lower), middle, lower)
bad("not-needed", "not needed", leaf, middle)
bad("root-inside", "not needed", leaf, root)
bad("leaf-twice", "not needed|may not issue|not that of an authority", leaf, leaf)
bad("leaf-of-another", "does not belong", Certificate("another", issuer=root, own_key=True), signer=leaf)
bad("chain-nine", "does not lead|too many|certificates", under, *[middle] * 8)
for name, chain, reason in (
    ("chain-garbage", b"\x30\x03abc", "certificate"), ("chain-text", b"no certificate", "certificate"),
    ("chain-pem", open("leaf.pem", "rb").read(), "certificate"), ("chain-cut", leaf.der[:-1], "certificate"),
    ("chain-longer", leaf.der + b"\0", "certificate"), ("chain-large", leaf.der * 200, "allowed|certificates"),
    ("chain-nothing", b"", "no valid length"),
):
    case(name, make(name, leaf, chain), reason)

# What an authority has taken back, and for which packages it may answer.
revoking = trusted(Certificate("revoking", extensions=ROOT, own_key=True))
taken = Certificate("taken", issuer=revoking, serial="0x51")
taken_middle = Certificate("taken-middle", issuer=revoking, extensions=MIDDLE, own_key=True, serial="0x52")
revocation_list("trust/revoking.crl", revoking, [taken, taken_middle])
bad("revoked-leaf", "was revoked at", taken)
bad("revoked-middle", "was revoked at", Certificate("below-taken", issuer=taken_middle), taken_middle)
good("not-revoked", Certificate("not-revoked", issuer=revoking, serial="0x5100"))
stale = trusted(Certificate("stale", extensions=ROOT, own_key=True))
revocation_list("trust/stale.crl", stale, more=["-crl_lastupdate", PAST[0], "-crl_nextupdate", PAST[1]])
bad("list-expired", "was good until", Certificate("below-stale", issuer=stale))
CASES[-1]["place"] = "trust/stale.crl"
limited = trusted(Certificate("limited", extensions=ROOT, own_key=True), more="# ours\nacme-*\n")
good("acme-router", Certificate("below-limited", issuer=limited))
bad("other-router", "may answer for packages named acme-*", Certificate("beside-limited", issuer=limited))

# Directories of anchors that cannot be trusted as they are.
os.mkdir("odd/empty")
bad("trust-empty", "holds no trust anchor", leaf, trust="odd/empty")
bad("trust-absent", "cannot be read", leaf, trust="odd/absent")
trusted(root, "odd/garbage")
write("odd/garbage/more.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
bad("trust-garbage", "more.pem", leaf, trust="odd/garbage")
trusted(Certificate("no-authority", extensions=LEAF, own_key=True), "odd/leaf")
bad("trust-leaf", "holds no trust anchor|does not lead", Certificate("self", own_key=True), trust="odd/leaf")
trusted(middle, "odd/middle")
bad("trust-middle-only", "holds no trust anchor|does not lead", under, trust="odd/middle")
for name, text in (("no-pattern", "# nothing\n"), ("wrong-pattern", "acme/[a-z]\n")):
    trusted(root, "odd/" + name, text)
    bad("trust-" + name, "root.packages", leaf, trust="odd/" + name)
trusted(root, "odd/list-garbage")
write("odd/list-garbage/x.crl", "no list")
bad("trust-list-garbage", "x.crl", leaf, trust="odd/list-garbage")
trusted(root, "odd/list-forged")
revocation_list("odd/list-forged/x.crl", false_root)
bad("trust-list-forged", "was not signed by", leaf, trust="odd/list-forged")
trusted(root, "odd/list-weak")
revocation_list("odd/list-weak/x.crl", root, digest="sha1")
bad("trust-list-weak", "not accepted", leaf, trust="odd/list-weak")
trusted(root, "odd/list-delta")
revocation_list("odd/list-delta/x.crl", root, extra="[delta]\ndeltaCRL=critical,ASN1:INTEGER:1\n", more=["-crldays", "9", "-crlexts", "delta"])
bad("trust-list-delta", "critical extension", leaf, trust="odd/list-delta")
