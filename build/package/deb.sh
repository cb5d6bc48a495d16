#!/usr/bin/env bash
# Makes out/package/NAME_VERSION_ARCH.deb of what stage.sh laid out.
set -euo pipefail
cd "$(dirname "$0")/../.."
architecture=$(dpkg --print-architecture)
for name in aiinfra-agent aiinfra-aggregator aiinfra-simulators; do
  root=out/package/deb/$name
  mkdir -p "$root" && cp -a "out/package/root/$name/." "$root/"
  mkdir "$root/DEBIAN"
  size=$(du -sk --apparent-size "$root" | cut -f1)
  sed "s/@VERSION@/$VERSION/; s/@ARCHITECTURE@/$architecture/; s/@SIZE@/$size/" "packaging/deb/$name/control" >"$root/DEBIAN/control"
  for file in conffiles preinst postinst prerm postrm; do
    [ ! -e "packaging/deb/$name/$file" ] || install -m "$([ $file = conffiles ] && echo 0644 || echo 0755)" "packaging/deb/$name/$file" "$root/DEBIAN/$file"
  done
  (cd "$root" && find . -type f -not -path './DEBIAN/*' -printf '%P\0' | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  dpkg-deb --root-owner-group -Zxz --build "$root" "out/package/${name}_${VERSION}_$architecture.deb" >/dev/null
done
rm -rf out/package/deb
