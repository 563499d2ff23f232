"""Keys and certificates by openssl, each made once."""
import os, subprocess

CONFIG = """[req]
distinguished_name=dn
prompt=no
[dn]
CN=unused
[ca]
default_ca=d
[d]
database=index
new_certs_dir=.
serial=serial
crlnumber=crlnumber
default_md=sha256
policy=any
unique_subject=no
copy_extensions=copy
[any]
commonName=supplied
"""

ALGORITHMS = {
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "k256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
    "brainpool": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
    "ed25519": ["-algorithm", "ED25519"],
    "ed448": ["-algorithm", "ED448"],
    "rsa1024": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"],
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "rsapss": ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
}
DIGEST_OPTION = {"ed25519": [], "ed448": []}

ROOT = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
MIDDLE = ROOT
LEAF = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature", "extendedKeyUsage=codeSigning"]


def run(*arguments, data=None, check=True):
    done = subprocess.run(arguments, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


def write(name, data):
    with open(name, "wb" if isinstance(data, bytes) else "w") as file:
        file.write(data)


def key(kind, name=None):
    """The file of a key; without a name the one key of that kind."""
    file = (name or kind) + ".key"
    if not os.path.exists(file):
        run("openssl", "genpkey", *ALGORITHMS[kind], "-out", file)
    return file


class Certificate:
    """A certificate with its key; `issuer` None makes it sign itself. `dates` are YYYYMMDDHHMMSSZ."""

    def __init__(self, name, kind="p256", issuer=None, extensions=LEAF, subject=None, own_key=False, digest="sha256",
                 dates=None, serial=None, options=()):
        self.name, self.kind, self.issuer, self.pem = name, kind, issuer, name + ".pem"
        self.key = key(kind, name if own_key else None)
        subject = subject or f"/CN={name}"
        signer = issuer.kind if issuer else kind
        more = DIGEST_OPTION.get(signer, ["-" + digest])
        added = [word for extension in extensions for word in ("-addext", extension)]
        if dates:
            run("openssl", "req", "-new", "-utf8", "-config", "openssl.cnf", "-key", self.key, "-subj", subject, "-out",
                "request.csr", *added)
            who = ["-selfsign", "-keyfile", self.key] if issuer is None else ["-cert", issuer.pem, "-keyfile", issuer.key]
            run("openssl", "ca", "-batch", "-utf8", "-notext", "-config", "openssl.cnf", "-in", "request.csr",
                "-startdate", dates[0], "-enddate", dates[1], "-out", self.pem, *who)
        else:
            who = [] if issuer is None else ["-CA", issuer.pem, "-CAkey", issuer.key]
            run("openssl", "req", "-x509", "-utf8", "-config", "openssl.cnf", "-key", self.key, "-subj", subject, "-days",
                "30", "-out", self.pem, *who, *more, *added, *options,
                *(["-set_serial", serial] if serial else []))

    @property
    def der(self):
        return run("openssl", "x509", "-in", self.pem, "-outform", "DER")

    def sign(self, data, digest=None, options=()):
        """The signature of the bytes, as the key's kind makes it."""
        write("data", data)
        if self.kind in ("ed25519", "ed448"):
            return run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.key, "-in", "data", *options)
        usual = {"p384": "sha384", "rsa1024": "sha512", "rsa2048": "sha512", "rsa3072": "sha512"}.get(self.kind, "sha256")
        signature = run("openssl", "dgst", "-" + (digest or usual), "-sign", self.key, *options, "data")
        return low_s(signature, self.kind) if self.kind in ORDER else signature


ORDER = {
    "p256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
    "p384": int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
}


def integers(signature):
    """r and s of a DER signature."""
    length = signature[3]
    return int.from_bytes(signature[4:4 + length], "big"), int.from_bytes(signature[6 + length:], "big")


def pair(r, s, pad=0):
    """The DER form of r and s, with `pad` zero bytes too many."""
    def integer(value):
        content = b"\0" * pad + value.to_bytes(value.bit_length() // 8 + 1, "big")
        return bytes([2, len(content)]) + content
    body = integer(r) + integer(s)
    return bytes([0x30, len(body)]) + body


def low_s(signature, kind):
    r, s = integers(signature)
    return pair(r, min(s, ORDER[kind] - s))


def high_s(signature, kind):
    r, s = integers(signature)
    return pair(r, max(s, ORDER[kind] - s))


def revocation_list(name, issuer, revoked=(), days="9", more=(), digest="sha256", extra=""):
    """A revocation list by openssl; `more` are options of `openssl ca`."""
    write("index", "")
    write("crl.cnf", CONFIG + extra)
    for certificate in revoked:
        run("openssl", "ca", "-config", "crl.cnf", "-cert", issuer.pem, "-keyfile", issuer.key, "-revoke", certificate.pem)
    run("openssl", "ca", "-config", "crl.cnf", "-cert", issuer.pem, "-keyfile", issuer.key, "-gencrl", "-md", digest,
        *(["-crldays", days] if not more else []), *more, "-out", name)


def start():
    write("openssl.cnf", CONFIG)
    write("index", "")
    write("serial", "1000\n")
    write("crlnumber", "01\n")
