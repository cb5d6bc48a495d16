#!/usr/bin/env bash
# Makes the packages of this version in out/package: deb, rpm, an OCI image archive, and a list of what is inside (SBOM). Needs no container engine and no root.
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export VERSION SOURCE_DATE_EPOCH
umask 022
build/tools.sh >/dev/null
build/package/stage.sh
build/package/deb.sh
build/package/rpm.sh
tar --create --gzip --dereference --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --exclude=tests --exclude=dashboard.schema.json \
  --file "out/package/aiinfra-$VERSION.tgz" --directory deploy/helm aiinfra
python3 build/package/oci.py
python3 build/package/sbom.py >out/package/aiinfra-$VERSION.spdx.json
(cd out/package && sha256sum -- *.deb *.rpm *.oci.tar *.tgz *.spdx.json >SHA256SUMS && ls -l --block-size=KiB -- *.deb *.rpm *.oci.tar *.tgz *.spdx.json | awk '{ print $5, $9 }')
