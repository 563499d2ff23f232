"""Archives by tarfile and GNU tar, manifests and bundles by the text of docs/BUNDLES.md; nothing of ours is run."""
import gzip, hashlib, io, json, os, re, tarfile

HEADER = b"OpenNED signed bundle 1\n"
NAMES = {"p256": "ecdsa-p256-sha256", "p384": "ecdsa-p384-sha384", "ed25519": "ed25519", "rsa2048": "rsa-pkcs1-sha512",
         "rsa3072": "rsa-pkcs1-sha512"}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def meta_data(name, version="1.0", more=""):
    return (f'<ncs-package xmlns="http://tail-f.com/ns/ncs-packages">\n  <name>{name}</name>\n'
            f"  <package-version>{version}</package-version>{more}\n</ncs-package>\n").encode()


class Archive:
    """What goes into a tar archive, entry by entry."""

    def __init__(self, name, version="1.0", meta=None, format=tarfile.PAX_FORMAT, top=None):
        self.bytes = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.bytes, mode="w", format=format)
        self.files = []
        self.top = top or name
        if meta is not False:
            self.file(f"{self.top}/package-meta-data.xml", meta or meta_data(name, version))

    def file(self, path, data=b"x", mode=0o644, listed=None, **more):
        """`listed`: the path in the manifest, False for none; else that of the file."""
        entry = tarfile.TarInfo(path)
        entry.size, entry.mode = len(data), mode
        for name, value in more.items():
            setattr(entry, name, value)
        self.tar.addfile(entry, io.BytesIO(data))
        if listed is not False:
            self.list(listed or path, data, mode)
        return self

    def list(self, path, data=b"x", mode=0o644):
        shown = "0755" if mode & 0o100 else "0644"
        self.files = [one for one in self.files if one["path"] != path]
        self.files.append({"path": path, "mode": shown, "size": len(data), "sha256": sha(data)})
        return self

    def odd(self, path, type, **more):
        entry = tarfile.TarInfo(path)
        entry.type = type
        for name, value in more.items():
            setattr(entry, name, value)
        self.tar.addfile(entry)
        return self

    def directory(self, path, mode=0o755):
        return self.odd(path, tarfile.DIRTYPE, mode=mode)

    @property
    def raw(self):
        self.tar.close()
        return self.bytes.getvalue()

    @property
    def packed(self):
        return gzip.compress(self.raw, mtime=0)


def manifest(archive, files, name, version, chain, kind, more=None):
    """The one form of a manifest, as text; `more` replaces members."""
    def text(value):
        return json.dumps(value, ensure_ascii=False)
    value = {
        "format": 1, "algorithm": NAMES.get(kind, "ecdsa-p256-sha256"), "package": name, "version": version, "ned-ids": [],
        "created": "2026-11-21T00:00:00Z", "chain-sha256": sha(chain),
        "archive": {"name": f"{name}-{version}.tar.gz", "size": len(archive), "sha256": sha(archive)}, "files": files}
    value.update(more or {})
    out = "{\n"
    for member in ("format", "algorithm", "package", "version", "ned-ids", "created", "chain-sha256", "archive"):
        out += f'{text(member)}: {text(value[member])},\n'
    lines = ",\n".join(text(one) for one in value["files"])
    return out + '"files": [\n' + lines + "\n]\n}\n"


def length(data):
    return b"%010d\n" % len(data)


def assemble(stub, manifest, signature, chain, archive, header=HEADER):
    return (stub + header + length(manifest) + manifest + length(signature) + signature + length(chain) + chain
            + archive)


def signed_bytes(manifest, header=HEADER):
    return header + length(manifest) + manifest


def index(packages, name, sequence, issued, expires, chain, kind="p256"):
    """The manifest of a signed index."""
    def text(value):
        return json.dumps(value, ensure_ascii=False)
    out = f'{{\n"format": 1,\n"algorithm": {text(NAMES[kind])},\n"repository": {text(name)},\n"sequence": {sequence},\n'
    out += f'"issued": {text(issued)},\n"expires": {text(expires)},\n"chain-sha256": {text(sha(chain))},\n"packages": ['
    out += ",".join("\n" + text(one) for one in packages)
    return (out + "\n]\n}\n").encode()
