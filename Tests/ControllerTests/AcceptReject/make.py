"""Makes the table of bundles that are accepted and refused:  make.py STUB-FILE OUTPUT-DIRECTORY

Writes NAME.signed.bin for each case, directories of trust anchors, and cases.json. A case gives the word with which it is
refused; null if it is accepted. `trust` names a directory of anchors other than the usual one.
"""
import datetime, gzip, io, json, lzma, os, re, shutil, subprocess, sys, tarfile, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bundle import *
from pki import *

STUB = open(sys.argv[1], "rb").read()
os.makedirs(sys.argv[2], exist_ok=True)
os.chdir(sys.argv[2])
start()
for folder in ("trust", "made", "odd"):
    os.mkdir(folder)
CASES = []
PAST = ("20200101000000Z", "20210101000000Z")
FUTURE = ("20900101000000Z", "20910101000000Z")


def case(name, data, reason, trust=None):
    write(f"made/{name}.signed.bin", data)
    CASES.append({"name": name, "reason": reason, "trust": trust})


def trusted(certificate, folder="trust", more=""):
    os.makedirs(folder, exist_ok=True)
    shutil.copy(certificate.pem, f"{folder}/{certificate.name}.pem")
    if more:
        write(f"{folder}/{certificate.name}.packages", more)
    return certificate


def make(name, leaf, chain=None, archive=None, package=None, version="1.0", sign=None, change=None, members=None, stub=None,
         header=HEADER, files=None, packed=None, signer=None):
    """A bundle; what is not said is as it should be. `change` alters the manifest's text before it is signed."""
    package = package or name
    archive = archive or Archive(package)
    packed = packed if packed is not None else archive.packed
    chain = chain if chain is not None else leaf.der
    kind = (signer or leaf).kind
    listed = sorted(archive.files if files is None else files, key=lambda one: one["path"].encode())
    text = manifest(packed, listed, package, version, chain, kind, members)
    if change:
        changed = change(text)
        assert changed != text, name
        text = changed
    content = text if isinstance(text, bytes) else text.encode()
    signature = (sign or (signer or leaf).sign)(signed_bytes(content))
    return assemble(stub or STUB, content, signature, chain, packed, header)


root = trusted(Certificate("root", extensions=ROOT, own_key=True))
middle = Certificate("middle", issuer=root, extensions=MIDDLE, own_key=True)
leaf = Certificate("leaf", issuer=root)
under = Certificate("under", issuer=middle)


def good(name, leaf, *chain, **more):
    case(name, make(name, leaf, b"".join(one.der for one in (leaf, *chain)), **more), None)


def bad(name, reason, leaf, *chain, trust=None, **more):
    case(name, make(name, leaf, b"".join(one.der for one in (leaf, *chain)), **more), reason, trust)


for part in ("certificates", "signatures", "archives", "indexes"):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), part + ".py")) as file:
        exec(compile(file.read(), part, "exec"))

write("cases.json", json.dumps(CASES, indent=1))
write("scenarios.json", json.dumps(SCENARIOS, indent=1))
