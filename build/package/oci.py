"""Writes out/package/PROGRAM-VERSION.oci.tar for agent and aggregator: OCI image layouts (image-spec v1.1, image-layout.md, layer.md) with two layers, the few
Debian libraries that both need (the same layer in both) and the program itself, made without a container engine. The same input gives the same bytes."""

import gzip
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PACKAGE = REPOSITORY / "out" / "package"
LIBRARIES = REPOSITORY / "out" / "tools" / "image"
VERSION = os.environ["VERSION"]
EPOCH = int(os.environ["SOURCE_DATE_EPOCH"])
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]

# What a self-contained .NET program links to or opens: TLS, bcrypt of web configs, sd-bus and the journal, with what those need; and the authorities.
DEBIAN = """base-files libc6 libgcc-s1 libstdc++6 zlib1g libssl3 libcrypt1 libsystemd0 libcap2 libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1
    ca-certificates""".split()


ENVIRONMENT = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DOTNET_gcConcurrent=0", "DOTNET_EnableDiagnostics=0"]
AGGREGATOR_USER = 65532  # a number that is no user of the host's; the chart uses the same
# What differs between the two: the image's configuration, and the folders that belong to its user.
IMAGES = {
    "aiinfra-agent": {
        "description": "Node agent for AI clusters",
        "config": {"Env": [*ENVIRONMENT, "DOTNET_PROCESSOR_COUNT=2"]},
        "own": {},
    },
    "aiinfra-aggregator": {
        "description": "Aggregator of a fleet of AI nodes",
        "config": {"Env": ENVIRONMENT, "User": f"{AGGREGATOR_USER}:{AGGREGATOR_USER}", "ExposedPorts": {"9443/tcp": {}, "9401/tcp": {}}, "Volumes": {"/var/lib/aiinfra-aggregator": {}}},
        "own": {"var/lib/aiinfra-aggregator": 0o700},
    },
}


def unpack_libraries(into: Path) -> list[str]:
    """Unpacks the Debian packages below a folder; returns their names and versions."""
    LIBRARIES.mkdir(parents=True, exist_ok=True)
    if not list(LIBRARIES.glob("*.deb")):
        if os.geteuid() == 0:
            LIBRARIES.chmod(0o777)  # apt fetches as its own user
        subprocess.run(["apt-get", "download", "-q", *DEBIAN], cwd=LIBRARIES, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    names = []
    for archive in sorted(LIBRARIES.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, into], check=True)
        names.append(archive.stem)
    authorities = into / "etc/ssl/certs/ca-certificates.crt"
    authorities.parent.mkdir(parents=True, exist_ok=True)
    authorities.write_bytes(b"".join(file.read_bytes() for file in sorted((into / "usr/share/ca-certificates/mozilla").glob("*.crt"))))
    return names


def leave_out(name: str) -> bool:
    return name.startswith(("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/ca-certificates", "usr/share/lintian", "usr/sbin", "var/lib/dpkg"))


class Layout:
    """An OCI image layout in the making: blobs by digest."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def add(self, media: str, content: bytes) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return {"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)}

    def add_layer(self, root: Path, user: int = 0, own: dict | None = None) -> tuple[dict, str]:
        """Adds what lies below a folder as root's; what `own` names is the user's. Returns its descriptor and the digest of its uncompressed form."""
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(root.rglob("*")):
                name = str(path.relative_to(root))
                if leave_out(name):
                    continue
                entry = tar.gettarinfo(path, name)
                entry.uid = entry.gid = user if name in (own or {}) else 0
                entry.uname = entry.gname = ""
                entry.mtime = EPOCH
                if entry.isreg():
                    with path.open("rb") as file:
                        tar.addfile(entry, file)
                else:
                    tar.addfile(entry)
        content = plain.getvalue()
        return (self.add("application/vnd.oci.image.layer.v1.tar+gzip", gzip.compress(content, 9, mtime=0)), f"sha256:{hashlib.sha256(content).hexdigest()}")

    def write(self, to: Path, manifest: dict, tag: str) -> None:
        index = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [manifest | {"platform": {"os": "linux", "architecture": ARCHITECTURE}, "annotations": {"org.opencontainers.image.ref.name": tag}}],
        }
        files = {"oci-layout": encode({"imageLayoutVersion": "1.0.0"}), "index.json": encode(index)}
        files |= {f"blobs/sha256/{digest}": content for digest, content in self.blobs.items()}
        with tarfile.open(to, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name in sorted(files):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(files[name]), EPOCH, 0o644
                tar.addfile(entry, io.BytesIO(files[name]))


def encode(value: dict) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def stage(program: str, into: Path) -> None:
    """Copies what the program's package installs, but for what only a host with a systemd needs."""
    subprocess.run(["cp", "-a", PACKAGE / "root" / program, into], check=True)
    for folder in ("usr/lib/systemd", "usr/lib/sysusers.d"):
        shutil.rmtree(into / folder, ignore_errors=True)
    for folder, mode in IMAGES[program]["own"].items():
        (into / folder).mkdir(mode=mode, parents=True)
    if IMAGES[program]["own"]:
        for file in (into / "etc/aiinfra").iterdir():
            file.chmod(0o644)  # its user is not root


def write_image(program: str, base: Path, libraries: list[str], scratch: Path) -> None:
    layout, image, own = Layout(), IMAGES[program], scratch / program
    stage(program, own)
    layers = [layout.add_layer(base), layout.add_layer(own, AGGREGATOR_USER, image["own"])]
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(EPOCH))
    labels = {
        "org.opencontainers.image.title": program,
        "org.opencontainers.image.version": VERSION,
        "org.opencontainers.image.description": image["description"],
        "aiinfra.io/debian-packages": " ".join(libraries),
    }
    config = layout.add("application/vnd.oci.image.config.v1+json", encode({
        "created": created,
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {"Entrypoint": [f"/usr/bin/{program}"], "Cmd": ["run"], "WorkingDir": "/", "Labels": labels} | image["config"],
        "rootfs": {"type": "layers", "diff_ids": [plain for _, plain in layers]},
        "history": [{"created": created, "created_by": "libraries of Debian"}, {"created": created, "created_by": program}],
    }))
    manifest = layout.add("application/vnd.oci.image.manifest.v1+json", encode({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config,
        "layers": [layer for layer, _ in layers],
        "annotations": labels,
    }))
    layout.write(PACKAGE / f"{program}-{VERSION}.oci.tar", manifest, VERSION)


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch) / "base"
        base.mkdir()
        libraries = unpack_libraries(base)
        for program in IMAGES:
            write_image(program, base, libraries, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
