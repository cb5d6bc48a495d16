#!/usr/bin/env bash
# Unpacks Debian's Prometheus, node_exporter, podman, skopeo, rpm, htpasswd, systemd-journal-remote (it makes journals without a systemd), systemd-nspawn, debootstrap,
# PostgreSQL and Alertmanager into out/tools (no root, no service started) and prints the folder for the PATH.
set -euo pipefail
tools=out/tools/debian
# podman with the libraries that a plain system lacks
packages=(prometheus prometheus-node-exporter podman conmon libgpgme11 libassuan0 libsubid4 libseccomp2 libdevmapper1.02.1
  systemd-journal-remote libmicrohttpd12 systemd-container libsystemd-shared debootstrap apache2-utils libapr1 libaprutil1
  skopeo rpm rpm-common librpm9 librpmio9 librpmbuild9 librpmsign9 liblua5.3-0 libpopt0 libfsverity0 debugedit rpm2cpio
  postgresql-15 libpq5 libxml2 libicu72 libldap-2.5-0 libsasl2-2 prometheus-alertmanager)
missing=
for program in promtool prometheus-node-exporter podman conmon systemd-nspawn htpasswd skopeo rpmbuild; do [ -x "$tools/usr/bin/$program" ] || missing=1; done
[ -x "$tools/lib/systemd/systemd-journal-remote" ] || missing=1
for program in usr/lib/postgresql/15/bin/initdb usr/bin/prometheus-alertmanager; do [ -x "$tools/$program" ] || missing=1; done
if [ -n "$missing" ]; then
  mkdir -p "$tools/archives"
  [ "$(id -u)" -ne 0 ] || chmod 777 "$tools/archives" # apt fetches as its own user
  if ! (cd "$tools/archives" && apt-get download -q "${packages[@]}" >/dev/null 2>&1); then
    [ "$(id -u)" -ne 0 ] || apt-get update -q >/dev/null
    (cd "$tools/archives" && apt-get download -q "${packages[@]}" >/dev/null) ||
      { echo "Debian's packages ${packages[*]} cannot be fetched; run apt-get update as root once." >&2; exit 1; }
  fi
  for archive in "$tools"/archives/*.deb; do dpkg -x "$archive" "$tools"; done
fi
echo "$PWD/$tools/usr/bin"
