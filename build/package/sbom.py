"""Prints what the programs are made of as SPDX 2.3 JSON: the NuGet packages of the lock files, and the Debian packages of the image."""

import json
import os
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
VERSION = os.environ["VERSION"]
PROGRAMS = ["AIInfra.Agent", "AIInfra.Aggregator"]


def nuget() -> set[str]:
    """Name@version of every package that a program is made of, the runtime inside it included: it has the version of the SDK's linker package."""
    found = set()
    for program in PROGRAMS:
        locked = json.loads((REPOSITORY / "src" / program / "packages.lock.json").read_text())
        for packages in locked["dependencies"].values():
            for name, entry in packages.items():
                if name == "Microsoft.NET.ILLink.Tasks":
                    found |= {f"Microsoft.NETCore.App.Runtime.linux-x64@{entry['resolved']}", f"Microsoft.AspNetCore.App.Runtime.linux-x64@{entry['resolved']}"}
                elif entry["type"] != "Project":
                    found.add(f"{name}@{entry['resolved']}")
    return found


def package(kind: str, name: str, version: str) -> dict:
    return {
        "SPDXID": f"SPDXRef-{kind}-{name}".replace("+", "").replace("_", "-"),
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:{kind}/{name}@{version}"}],
    }


def main() -> None:
    parts = [package("nuget", *key.split("@")) for key in sorted(nuget())]
    for archive in sorted((REPOSITORY / "out/tools/image").glob("*.deb")):
        name, version, _ = archive.stem.split("_")
        parts.append(package("deb/debian", name, version.replace("%3a", ":")) | {"SPDXID": f"SPDXRef-deb-{name}".replace("+", "")})
    product = package("generic", "aiinfra-agent", VERSION)
    json.dump({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"aiinfra-agent-{VERSION}",
        "documentNamespace": f"urn:aiinfra:aiinfra-agent-{VERSION}-{os.environ['SOURCE_DATE_EPOCH']}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))), "creators": ["Tool: build/package/sbom.py"]},
        "packages": [product, *parts],
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": product["SPDXID"]}]
        + [{"spdxElementId": product["SPDXID"], "relationshipType": "DEPENDS_ON", "relatedSpdxElement": part["SPDXID"]} for part in parts],
    }, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
