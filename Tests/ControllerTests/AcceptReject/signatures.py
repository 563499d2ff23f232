# Signatures that are none, bytes that are not covered, and manifests that are signed and yet not to be acted on.

plain = make("form-good", leaf)
case("form-good", plain, None)
parts = re.fullmatch(rb"(?s).{4096}" + HEADER + rb"(\d{10}\n)(.*)", plain)
size = int(parts[1])
start_of = {"header": 4096, "length": 4120, "manifest": 4131, "signature": 4131 + size + 11}
signature_size = int(plain[4131 + size:4141 + size])
chain_at = start_of["signature"] + signature_size + 11
archive_at = chain_at + len(leaf.der)


def wrong(name, reason, sign, signer=leaf):
    case("sign-" + name, make("sign-" + name, signer, sign=sign), reason)


belongs = "does not belong"
other = Certificate("other-key", issuer=root, own_key=True)
wrong("by-another", belongs, other.sign)
wrong("of-nothing", belongs, lambda data: leaf.sign(b""))
wrong("without-header", belongs, lambda data: leaf.sign(data[len(HEADER):]))
wrong("manifest-only", belongs, lambda data: leaf.sign(data[len(HEADER) + 11:]))
wrong("as-index", belongs, lambda data: leaf.sign(data.replace(HEADER, b"OpenNED package index 1\n")))
wrong("other-digest", belongs, lambda data: leaf.sign(data, "sha384"))
wrong("weak-digest", belongs, lambda data: leaf.sign(data, "sha1"))
wrong("high-s", belongs, lambda data: high_s(leaf.sign(data), "p256"))
wrong("zero", belongs, lambda data: pair(0, 0))
wrong("one", belongs, lambda data: pair(1, 1))
wrong("order", belongs, lambda data: pair(ORDER["p256"], ORDER["p256"]))
wrong("padded", belongs, lambda data: pair(*integers(leaf.sign(data)), pad=1))
wrong("longer", belongs, lambda data: leaf.sign(data) + b"\0")
wrong("cut", belongs, lambda data: leaf.sign(data)[:-1])
wrong("raw", belongs, lambda data: b"".join(one.to_bytes(32, "big") for one in integers(leaf.sign(data))))
wrong("bit", belongs, lambda data: bytes([leaf.sign(data)[0]]) + bytes(one ^ 1 for one in leaf.sign(data)[1:]))
wrong("empty", "no valid length", lambda data: b"")
wrong("large", "allowed", lambda data: b"x" * 1025)
edwards = Certificate("edwards", "ed25519", root)
wrong("ed-zero", belongs, lambda data: bytes(64), edwards)
wrong("ed-longer", belongs, lambda data: edwards.sign(data) + b"\0", edwards)
wrong("ed-of-digest", belongs, lambda data: edwards.sign(bytes.fromhex(sha(data))), edwards)
ED_ORDER = 2 ** 252 + 27742317777372353535851937790883648493
wrong("ed-second-form", belongs, lambda data: (lambda one: one[:32] + (
    int.from_bytes(one[32:], "little") + ED_ORDER).to_bytes(32, "little"))(edwards.sign(data)), edwards)
rsa = Certificate("rsa", "rsa2048", root)
wrong("rsa-other-digest", belongs, lambda data: rsa.sign(data, "sha256"), rsa)
wrong("rsa-pss", belongs, lambda data: rsa.sign(data, options=["-sigopt", "rsa_padding_mode:pss"]), rsa)
wrong("rsa-zero", belongs, lambda data: bytes(256), rsa)
wrong("rsa-padded", belongs, lambda data: b"\0" + rsa.sign(data), rsa)

# The bytes around.
no_bundle = "does not begin with"
for name, data, reason in (
    ("stub-changed", plain[:100] + b"#" + plain[101:], no_bundle), ("stub-other", b"#!/bin/sh\n".ljust(4096) + plain[4096:], no_bundle),
    ("before", b"\n" + plain, no_bundle), ("no-stub", plain[4096:], no_bundle), ("empty", b"", no_bundle),
    ("zeros", bytes(100_000), no_bundle), ("archive-only", Archive("x").packed, no_bundle),
    ("header-two", plain.replace(HEADER, b"OpenNED signed bundle 2\n"), "no known version"),
    ("header-line", plain.replace(HEADER, b"OpenNED signed bundle 1\r"), "no known version"),
    ("length-plus", plain[:4120] + b"+" + plain[4121:], "no valid length"),
    ("length-space", plain[:4120] + b" " + plain[4121:], "no valid length"),
    ("length-huge", plain[:4120] + b"9999999999" + plain[4130:], "allowed"),
    ("length-zero", plain[:4120] + b"0000000000" + plain[4130:], "no valid length"),
    ("length-more", plain[:4120] + b"%010d" % (size + 1) + plain[4130:], "no valid length"),
    ("length-less", plain[:4120] + b"%010d" % (size - 1) + plain[4130:], "no valid length"),
    ("longer", plain + b"\0", "bytes after its end"), ("twice", plain + plain, "bytes after its end"),
    ("shorter", plain[:-1], "is cut short"), ("cut-stub", plain[:4095], no_bundle), ("cut-header", plain[:4110], "cut short"),
    ("cut-length", plain[:4125], "cut short"), ("cut-manifest", plain[:4131 + size // 2], "cut short"),
    ("cut-signature", plain[:start_of["signature"] + 5], "cut short"), ("cut-chain", plain[:chain_at + 9], "cut short"),
    ("cut-archive", plain[:archive_at], "cut short"), ("archive-bit", plain[:-9] + bytes([plain[-9] ^ 1]) + plain[-8:], "not the one that was signed"),
    ("manifest-bit", plain[:4140] + bytes([plain[4140] ^ 1]) + plain[4141:], belongs),
    ("chain-of-another", plain[:chain_at] + plain[chain_at:].replace(leaf.der, Certificate("renewed", issuer=root).der), ""),
):
    case("bytes-" + name, data, reason)

# A certificate for the same key that is not the one with which it was signed: only the chain's digest tells.
renewed = Certificate("leaf-renewed", issuer=root, subject="/CN=leaf")
one = make("bytes-renewed", leaf)
at = one.index(leaf.der)
case("bytes-renewed", one[:at - 11] + length(renewed.der) + renewed.der + one[at + len(leaf.der):], "not those with which")

# Manifests.
form = "its manifest"


def said(name, change, reason=form, **more):
    name = "says-" + name
    case(name, make(name, leaf, change=change, **more), reason)


def replaced(old, new):
    return lambda text: text.replace(old, new, 1)


said("format-two", replaced('"format": 1', '"format": 2'), "format 2")
said("member-more", replaced('"created"', '"note": "",\n"created"'))
said("member-twice", replaced('"version": "1.0"', '"version": "1.0",\n"version": "2.0"'))
said("member-missing", lambda text: re.sub('"created".*\n', "", text))
said("order", lambda text: re.sub('("package".*\n)("version".*\n)', r"\2\1", text))
said("spaces", replaced('"format": 1', '"format":  1'))
said("escape", replaced('"package": "s', '"package": "\\u0073'))
said("no-json", lambda text: "package: x\n")
said("no-text", lambda text: text.encode() + b"\xff")
said("mark", lambda text: "\ufeff" + text)
said("no-newline", lambda text: text[:-1])
said("more-behind", lambda text: text + "\n")
said("deep", lambda text: "[" * 100_000 + "]" * 100_000)
said("algorithm", replaced("ecdsa-p256-sha256", "none"), "unknown signature algorithm")
said("algorithm-other", replaced("ecdsa-p256-sha256", "ed25519"), "the signer's key is for")
said("package-path", replaced('"package": "', '"package": "../'))
said("package-empty", lambda text: re.sub('"package": ".*"', '"package": ""', text))
said("version", replaced('"version": "1.0"', '"version": "one"'))
said("version-number", replaced('"version": "1.0"', '"version": 1.0'))
said("ned-id", replaced('"ned-ids": []', '"ned-ids": ["a/b"]'))
said("ned-id-more", replaced('"ned-ids": []', '"ned-ids": ["a:b"]'), "ned-ids")
said("created", replaced("2026-11-21T00", "2026-13-41T00"))
said("archive-path", lambda text: re.sub('{"name": "', '{"name": "../', text))
said("archive-suffix", replaced('.tar.gz"', '.tar"'))
said("archive-size", lambda text: re.sub('tar.gz", "size": (\\d+)', lambda found: f'tar.gz", "size": {int(found[1]) + 1}', text), "")
said("archive-negative", lambda text: re.sub('tar.gz", "size": ', 'tar.gz", "size": -', text))
said("archive-digest", lambda text: re.sub('(?<=tar.gz", )(.*"sha256": ")([0-9a-f])', lambda found: found[1] + ("1" if found[2] == "0" else "0"), text), "not the one that was signed")
said("digest-upper", lambda text: re.sub('(?<="chain-sha256": ")[0-9a-f]*', lambda found: found[0].upper(), text))
said("digest-short", lambda text: re.sub('(?<="chain-sha256": ")..', "", text))
said("chain", lambda text: re.sub('(?<="chain-sha256": ")[0-9a-f]{64}', "0" * 64, text), "not those with which")
said("files-none", lambda text: re.sub(r'(?s)"files": \[.*\]', '"files": [\n\n]', text))
said("file-mode", replaced('"0644"', '"4755"'))
said("file-mode-wide", replaced('"0644"', '"0777"'))
said("file-huge", lambda text: re.sub('("mode": "0644", "size": )\\d+', r"\g<1>99999999999999999999", text))
said("file-negative", lambda text: re.sub('("mode": "0644", "size": )', r"\1-", text))
said("file-absolute", lambda text: re.sub('"path": ".*?"', '"path": "/etc/passwd"', text))
said("file-above", lambda text: re.sub('"path": "([^/"]*)/', r'"path": "\1/../', text))
said("file-beside", lambda text: re.sub('"path": "[^/"]*/', '"path": "beside/', text))
said("file-control", lambda text: re.sub('"path": "([^"]*)"', r'"path": "\1\\u0007"', text))
said("file-twice", lambda text: re.sub(r'(?m)^(\{"path".*)$', r"\1,\n\1", text))
said("file-unsorted", lambda text: text.replace("/a\"", "/zz\"", 1), archive=Archive("says-file-unsorted").file(
    "says-file-unsorted/a").file("says-file-unsorted/b"))

# Manifests that are sound, of something else.
other_files = "lists other files|its manifest lists"
for name, files in {
    "more": [{"path": "of-more/x", "mode": "0644", "size": 1, "sha256": sha(b"x")}],
    "digest": None, "size": None, "mode": None,
}.items():
    name = "of-" + name
    archive = Archive(name)
    entry = dict(archive.files[0])
    if name == "of-digest": entry["sha256"] = sha(b"other")
    if name == "of-size": entry["size"] += 1
    if name == "of-mode": entry["mode"] = "0755"
    case(name, make(name, leaf, archive=archive, files=[entry] + (files or [])), other_files)
archive = Archive("of-less").file("of-less/more", listed=False)
case("of-less", make("of-less", leaf, archive=archive), other_files)
case("of-version", make("of-version", leaf, archive=Archive("of-version", "2.0")), "the manifest names")
case("of-package", make("of-package", leaf, archive=Archive("x-package", top="of-package")), "its directory is")
swapped = make("of-another", leaf, archive=Archive("of-another").file("of-another/a", b"a"))
packed = Archive("of-another").file("of-another/a", b"a").packed
tail = Archive("of-another").file("of-another/a", b"b").packed
case("of-another", swapped[:-len(packed)] + tail, "not the one that was signed|cut short|after its end")
