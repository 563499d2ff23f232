# Archives signed by a trusted key: good ones of GNU tar and tarfile, and what no package may be.

FIRST = "meta-data"


def packed_by_tar(name, *options):
    """A package by GNU tar, and the files in it."""
    os.makedirs(f"src/{name}/templates", exist_ok=True)
    write(f"src/{name}/package-meta-data.xml", meta_data(name))
    write(f"src/{name}/templates/é t.xml", "<config-template/>")
    os.chmod(f"src/{name}/templates/é t.xml", 0o644)
    os.chmod(f"src/{name}/package-meta-data.xml", 0o755)
    run("tar", "czf", "by-tar.tar.gz", *options, "-C", "src", name)
    archive = Archive(name, meta=False)
    archive.list(f"{name}/package-meta-data.xml", meta_data(name), 0o755)
    archive.list(f"{name}/templates/é t.xml", b"<config-template/>")
    return archive, open("by-tar.tar.gz", "rb").read()


for format in ("gnu", "oldgnu", "pax", "ustar", "v7"):
    archive, packed = packed_by_tar("tar-" + format, "--format=" + format)
    case("tar-" + format, make("tar-" + format, leaf, archive=archive, packed=packed), None)
archive, packed = packed_by_tar("tar-owner", "--owner=nobody:99999", "--mtime=1960-01-01", "--format=pax")
case("tar-owner", make("tar-owner", leaf, archive=archive, packed=packed), None)
archive, packed = packed_by_tar("tar-dot", "--transform", "s,^,./,")
case("tar-dot", make("tar-dot", leaf, archive=archive, packed=packed), None)


def fine(name, fill):
    archive = Archive(name)
    fill(archive, name)
    case(name, make(name, leaf, archive=archive), None)


long = "d" * 120 + "/" + "f" * 200
fine("name-long", lambda one, top: one.file(f"{top}/{long}"))
fine("name-spaces", lambda one, top: one.file(f"{top}/a b $(c)'\"`"))
fine("name-dots", lambda one, top: one.file(f"{top}/..a/...b/.c"))
fine("directories", lambda one, top: one.directory(f"{top}/empty/deeper"))
fine("executable", lambda one, top: one.file(f"{top}/scripts/run", b"#!/bin/sh\n", 0o755))
fine("attributes", lambda one, top: one.file(f"{top}/a", pax_headers={"SCHILY.xattr.user.x": "y", "comment": "z"}))


def hostile(name, reason, fill, packed=None, **more):
    """`fill` puts the evil in; the meta-data is good, and the manifest lists what it can."""
    archive = Archive(name, **more)
    if fill:
        fill(archive, name)
    data = packed(archive) if packed else None
    case(name, make(name, leaf, archive=archive, packed=data), reason)


def entry(path, **more):
    return lambda one, top: one.file(path.replace("TOP", top), listed=False, **more)


def of_type(type, path="TOP/odd", **more):
    return lambda one, top: one.odd(path.replace("TOP", top), type, **{
        key: value.replace("TOP", top) if isinstance(value, str) else value for key, value in more.items()})


dots = "'.' or '..'"
hostile("evil-above", dots, entry("TOP/../../evil"))
hostile("evil-above-first", dots, entry("../evil"))
hostile("evil-above-last", dots, entry("TOP/.."))
hostile("evil-above-directory", dots, lambda one, top: one.directory(f"{top}/../evil"))
hostile("evil-dot", dots, entry("TOP/./x"))
hostile("evil-absolute", "absolute", entry("/tmp/openned-evil"))
hostile("evil-absolute-two", "absolute", entry("//tmp/openned-evil"))
hostile("evil-absolute-pax", "absolute", entry("TOP/x", pax_headers={"path": "/tmp/openned-evil"}))
hostile("evil-above-pax", dots, entry("TOP/x", pax_headers={"path": "x/../../evil"}))
hostile("evil-slashes", "empty component", entry("TOP//x"))
hostile("evil-control", "control characters", entry("TOP/a\nb"))
hostile("evil-escape", "control characters", entry("TOP/\x1b[2J"))
hostile("evil-no-text", "not UTF-8|cannot be read", entry("TOP/\udcff"), format=tarfile.GNU_FORMAT)
hostile("evil-component", "255 bytes", entry("TOP/" + "x" * 256))
hostile("evil-path", "1024 bytes", entry("TOP/" + "x/" * 600 + "y"))
hostile("evil-deep", "directories deep", entry("TOP/" + "x/" * 40 + "y"))
hostile("evil-beside", "beside the top directory", entry("other/x"))
hostile("evil-outside", "beside the top directory|not in a directory", entry("x"))
hostile("evil-link", "link", of_type(tarfile.SYMTYPE, linkname="/etc/passwd"))
hostile("evil-link-inside", "link", of_type(tarfile.SYMTYPE, linkname="package-meta-data.xml"))
hostile("evil-link-directory", "link", lambda one, top: one.odd(f"{top}/d", tarfile.SYMTYPE, linkname="/tmp").file(
    f"{top}/d/evil", listed=False))
hostile("evil-link-pax", "link", of_type(tarfile.SYMTYPE, linkname="x", pax_headers={"linkpath": "/etc/shadow"}))
hostile("evil-hard-link", "hard link", of_type(tarfile.LNKTYPE, linkname="TOP/package-meta-data.xml"))
hostile("evil-hard-link-out", "hard link", of_type(tarfile.LNKTYPE, linkname="/etc/passwd"))
hostile("evil-fifo", "fifo", of_type(tarfile.FIFOTYPE))
hostile("evil-character", "device", of_type(tarfile.CHRTYPE, devmajor=1, devminor=3))
hostile("evil-block", "device", of_type(tarfile.BLKTYPE, devmajor=8, devminor=0))
hostile("evil-setuid", "setuid", entry("TOP/x", mode=0o4755))
hostile("evil-setgid", "setuid, setgid", entry("TOP/x", mode=0o2755))
hostile("evil-sticky", "sticky", lambda one, top: one.directory(f"{top}/x", 0o1777))
hostile("evil-twice", "is there twice", lambda one, top: one.file(f"{top}/a").file(f"{top}/a"))
hostile("evil-meta-twice", "is there twice", lambda one, top: one.file(f"{top}/package-meta-data.xml", listed=False))
hostile("evil-case", "only in case", lambda one, top: one.file(f"{top}/a").file(f"{top}/A"))
hostile("evil-case-top", "beside the top directory|only in case", lambda one, top: one.file(f"{top.upper()}/A", listed=False))
hostile("evil-composed", "form of its characters|is there twice", lambda one, top: one.file(f"{top}/\u00e9").file(f"{top}/e\u0301"))
hostile("evil-sharp", "form of its characters|only in case", lambda one, top: one.file(f"{top}/stra\u00dfe").file(f"{top}/STRASSE"))
hostile("evil-both", "file and a directory", lambda one, top: one.file(f"{top}/a").file(f"{top}/a/b"))
hostile("evil-both-turned", "file and a directory", lambda one, top: one.file(f"{top}/a/b").file(f"{top}/a", listed=False))
hostile("evil-more", "lists other files|manifest", entry("TOP/more"))
hostile("evil-zeros", "when unpacked", lambda one, top: one.file(f"{top}/zeros", bytes(64 << 20)))
hostile("evil-zeros-many", "when unpacked", lambda one, top: [one.file(f"{top}/{n}", bytes(4 << 20)) for n in range(8)])
# Nobody reads what is behind the end of a tar archive.
hostile("padding", None, None, lambda one: gzip.compress(one.raw + bytes(64 << 20)))

# Meta-data.
unusual = {
    "meta-none": (False, "has no"), "meta-broken": (b"<ncs-package>", "package-meta-data.xml"), "meta-empty": (b" ", "package-meta-data.xml"),
    "meta-type": (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "package-meta-data.xml"),
    "meta-laughs": (b"<!DOCTYPE a [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>" + meta_data("meta-laughs"), "package-meta-data.xml"),
    "meta-namespace": (meta_data("meta-namespace").replace(b"ncs-packages", b"other"), "package-meta-data.xml"),
    "meta-other": (meta_data("other"), "its directory is"), "meta-no-version": (meta_data("meta-no-version").replace(b"<package-version>1.0</package-version>", b""), "package-version"),
    "meta-deep": (b"<a>" * 5000 + b"</a>" * 5000, "package-meta-data.xml"), "meta-large": (meta_data("meta-large") + b" " * (2 << 20), "package-meta-data.xml"),
    "meta-no-text": (meta_data("meta-no-text").replace(b"1.0", b"1.\xff"), "package-meta-data.xml"),
}
for name, (content, reason) in unusual.items():
    archive = Archive(name, meta=content)
    archive.file(f"{name}/x")
    case(name, make(name, leaf, archive=archive), reason)

# What is no such archive, or not whole.
none = "cannot be read as a tar archive"
base = Archive("base").raw
for name, packed, reason in (
    ("text", b"no archive at all\n", none), ("gzip-of-text", gzip.compress(b"no archive at all\n" * 99), none),
    ("twice-packed", gzip.compress(gzip.compress(base)), "compressed more than once|" + none), ("xz", lzma.compress(base), none),
    ("cut", gzip.compress(base)[:-20], "cannot be read"), ("cut-inside", gzip.compress(base[:700]), "cannot be read|its manifest lists"),
    ("check", gzip.compress(base)[:-6] + b"\0\0" + gzip.compress(base)[-4:], "other files|its manifest lists"),
    ("header", gzip.compress(base[:1024] + b"X" + base[1025:]), "cannot be read|its manifest lists"),
    ("nothing", gzip.compress(bytes(10240)), "is empty|cannot be read"), ("zip", b"PK\3\4" + bytes(300), none),
    ("cpio", gzip.compress(b"070701" + b"0" * 104), none),
):
    name = "none-" + name
    archive = Archive(name)
    case(name, make(name, leaf, archive=archive, packed=packed), reason)


def header_changed(name, change, reason):
    """A header of tar made by hand: numbers that lie, with a checksum that is right."""
    archive = Archive(name).file(f"{name}/a", b"a" * 10)
    raw = bytearray(archive.raw)
    at = raw.index(f"{name}/a\0".encode())
    change(raw, at)
    raw[at + 148:at + 156] = b" " * 8
    raw[at + 148:at + 156] = b"%06o\0 " % sum(raw[at:at + 512])
    case(name, make(name, leaf, archive=archive, packed=gzip.compress(bytes(raw))), reason)


def put(offset, data):
    def change(raw, at):
        raw[at + offset:at + offset + len(data)] = data
    return change


header_changed("size-huge", put(124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff"), "when unpacked|cannot be read|no size")
header_changed("size-negative", put(124, b"\xff" * 12), "no size|cannot be read|when unpacked")
header_changed("size-large", put(124, b"77777777777\0"), "when unpacked|cannot be read")
header_changed("size-none", put(124, b"zzzzzzzzzzz\0"), "cannot be read|lists other files|manifest")
header_changed("type-unknown", put(156, b"Z"), None)
