# Repositories and what can be done to them, after the attack lists of TUF: freeze, rollback, mix-and-match, wrong target,
# endless data. A scenario is a row of visits; each shows an index and may fetch a package.

SCENARIOS = []
INDEX_HEADER = b"OpenNED package index 1\n"
NOW = datetime.datetime.now(datetime.timezone.utc)


def at(days):
    return (NOW + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


packages = {name: make(name, leaf) for name in ("alpha", "beta")}
packages["alpha-two"] = make("alpha-two", leaf, package="alpha", version="2.0")


def item(name, package=None, version="1.0", data=None, path=None, **more):
    data = packages[name] if data is None else data
    return {"path": path or f"{package or name}-{version}.signed.bin", "package": package or name, "version": version,
            "size": len(data), "sha256": sha(data), **more}


USUAL = [item("alpha"), item("beta")]


def shown(sequence=1, items=USUAL, name="acme", issued=-1, expires=9, signer=leaf, chain=None, change=None, header=INDEX_HEADER,
          sign=None, behind=b""):
    chain = b"".join(one.der for one in (chain or [signer]))
    text = index(items, name, sequence, at(issued), at(expires), chain, signer.kind)
    if change:
        changed = change(text)
        assert changed != text
        text = changed
    signature = (sign or signer.sign)(header + length(text) + text)
    return header + length(text) + text + length(signature) + signature + length(chain) + chain + behind


def scenario(name, *visits):
    os.makedirs(f"www/{name}")
    steps = []
    for number, (content, reason, *more) in enumerate(visits):
        write(f"www/{name}/{number}", content)
        steps.append({"reason": reason, **(more[0] if more else {})})
    for package, data in packages.items():
        write(f"www/{name}/" + ("alpha-2.0" if package == "alpha-two" else package + "-1.0") + ".signed.bin", data)
    SCENARIOS.append({"name": name, "visits": steps})


ANEW = {"acceptsNewIndex": True}
first = shown(1)
scenario("in-order", (first, None, {"fetch": "alpha-1.0"}), (first, None), (shown(2, issued=0), None, {"fetch": "beta-1.0"}))
scenario("rollback", (shown(5), None), (shown(4), "number 4, and number 5"), (shown(6, issued=0), None))
scenario("rollback-to-one", (shown(2), None), (shown(1), "number 1, and number 2"), (shown(1), None, ANEW))
scenario("earlier-time", (shown(5), None), (shown(6, issued=-2), "earlier time"))
scenario("freeze", (shown(5, issued=-40, expires=-1), "expired at"))
scenario("freeze-later", (shown(5), None), (shown(6, issued=-1, expires=-0.5), "expired at"))
scenario("freeze-accepted", (shown(5, issued=-40, expires=-1), "expired at", ANEW))
scenario("to-come", (shown(5, issued=1), "still to come"))
scenario("two-faces", (shown(5), None), (shown(5, [item("alpha")]), "two different indexes"))
scenario("mix-and-match", (shown(5), None), (shown(6, name="other", issued=0), "is one of 'other'"), (shown(6, name="other", issued=0), None, ANEW))
second = Certificate("second", issuer=root)
scenario("signer", (shown(5), None), (shown(6, signer=second, issued=0), "was signed by"), (shown(7, signer=second, issued=0), None, ANEW),
         (shown(8, issued=0), "was signed by"))
renewed_signer = Certificate("leaf-again", issuer=root, subject="/CN=leaf", serial="0x777")
scenario("signer-renewed", (shown(5), None), (shown(6, signer=renewed_signer, issued=0), None))
scenario("fast-forward", (shown(2 ** 53), None), (shown(6, issued=0), "number 6"), (shown(6, issued=0), None, ANEW), (shown(7, issued=0), None))
scenario("chain", (shown(1, signer=under, chain=[under, middle]), None))
for kind in ("ed25519", "rsa2048", "p384"):
    scenario("key-" + kind, (shown(1, signer=Certificate("keeper-" + kind, kind, root)), None))

# Who may not sign, and what is not what was signed.
for name, signer, reason in (
    ("stranger", Certificate("keeper-strange", issuer=stranger), "does not lead"),
    ("expired-keeper", Certificate("keeper-old", issuer=root, dates=PAST), "expired at"),
    ("usage", Certificate("keeper-server", issuer=root, extensions=[LEAF[0], "extendedKeyUsage=serverAuth"]), "not for code signing"),
    ("revoked", taken, "was revoked at"), ("list-expired", Certificate("keeper-stale", issuer=stale), "was good until"),
):
    scenario("by-" + name, (shown(1, signer=signer), reason))
whole = shown(1)
for name, data, reason in (
    ("header", whole.replace(b"index 1", b"index 2"), "no known version"), ("as-bundle", whole.replace(INDEX_HEADER, HEADER), "no known version"),
    ("bit", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:], "does not belong"), ("cut", whole[:-1], "cut short"),
    ("longer", whole + b"\0", "bytes after its end"), ("empty", b"", "no known version"), ("text", b"alpha-1.0.signed.bin\n", "no known version"),
    ("signed-as-bundle", shown(1, sign=lambda data: leaf.sign(data.replace(INDEX_HEADER, HEADER))), "does not belong"),
    ("other-key", shown(1, sign=other.sign), "does not belong|does not lead"), ("a-bundle", packages["alpha"], "no known version"),
    ("sequence-zero", shown(0), "sequence number"), ("sequence-negative", shown(-1), "sequence number"), ("sequence-text", shown('"1"'), "not JSON"),
    ("sequence-huge", shown(10 ** 30), "not JSON"), ("times-turned", shown(1, issued=5, expires=4), "expires before"),
    ("no-name", shown(name="../x"), "no name"), ("member-more", shown(change=lambda text: text.replace(b'"issued"', b'"x": 1,\n"issued"')), "one form"),
    ("format", shown(change=lambda text: text.replace(b'"format": 1', b'"format": 2')), "one form"),
    ("time", shown(change=lambda text: re.sub(b'"expires": ".*?"', b'"expires": "never"', text)), "no valid time"),
    ("path-above", shown(items=[item("alpha", path="../alpha-1.0.signed.bin")]), "no path"), ("path-absolute", shown(items=[item("alpha", path="/a")]), "no path"),
    ("path-url", shown(items=[item("alpha", path="https://x/a")]), "no path"), ("path-query", shown(items=[item("alpha", path="a?b")]), "no path"),
    ("path-percent", shown(items=[item("alpha", path="%2e%2e/a")]), "no path"), ("path-hidden", shown(items=[item("alpha", path=".a")]), "no path"),
    ("path-twice", shown(items=[item("alpha"), item("alpha")]), "twice"), ("size-zero", shown(items=[item("alpha", size=0)]), "size or digest"),
    ("digest", shown(items=[item("alpha", sha256="0" * 63 + "G")]), "size or digest"), ("version", shown(items=[item("alpha", version="new", path="a")]), "version that is none"),
):
    scenario("file-" + name, (data, reason))

# Files that are not what the index says.
wrong_file = "is not the file that the signed index names"
scenario("target-other", (shown(1, [item("alpha", path="beta-1.0.signed.bin")]), wrong_file, {"fetch": "beta-1.0.signed.bin"}))
scenario("target-newer", (shown(1, [item("alpha", path="alpha-2.0.signed.bin")]), wrong_file + "|more than", {"fetch": "alpha-2.0.signed.bin"}))
scenario("target-renamed", (shown(1, [item("beta", "alpha", path="beta-1.0.signed.bin")]), "holds version 1.0 of package beta", {"fetch": "beta-1.0.signed.bin"}))
scenario("target-version", (shown(1, [item("alpha", version="3.0", path="alpha-1.0.signed.bin")]), "holds version 1.0", {"fetch": "alpha-3.0"}))
scenario("target-endless", (shown(1, [item("alpha", size=100)]), "more than the 100 bytes", {"fetch": "alpha-1.0"}))
scenario("target-short", (shown(1, [item("alpha", size=10 ** 9)]), wrong_file, {"fetch": "alpha-1.0"}))
scenario("target-absent", (shown(1, [item("alpha", path="gone-1.0.signed.bin")]), "status 404", {"fetch": "gone-1.0.signed.bin"}))
scenario("target-unsaid", (shown(1, [item("beta")]), "has no package file", {"fetch": "alpha-1.0"}))
stranger_package = make("strange", Certificate("strange-signer", issuer=stranger))
packages["strange"] = stranger_package
scenario("target-unsigned", (shown(1, [item("strange")]), "does not lead", {"fetch": "strange-1.0"}))
