#!/usr/bin/env bash
# Makes sure that what a step needs is installed: as root it installs, otherwise it names the packages.
#   require.sh build   a C compiler
#   require.sh test    the peers that the tests run against, too
set -euo pipefail

declare -A package_of=(
  [gcc]="gcc libc6-dev" [make]=make [node]=nodejs [npm]=npm [valgrind]=valgrind [openssl]=openssl [chromium]="chromium fonts-dejavu-core fonts-wqy-microhei"
)
needed=(gcc make)
[ "${1:?which step}" = test ] && needed+=(node npm valgrind openssl chromium)

missing=()
for tool in "${needed[@]}"; do
  command -v "$tool" >/dev/null || missing+=(${package_of[$tool]})
done
if [ "$1" = test ] && ! /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null; then
  missing+=(python3-grpcio python3-protobuf)
fi
command -v dotnet >/dev/null || { echo "The .NET SDK 10 is not on the PATH; install it (package dotnet-sdk-10.0 or the vendor's archive) and run make again." >&2; exit 1; }
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
  echo "Missing Debian packages: ${missing[*]}. Install them (apt-get install ${missing[*]}) or run make once as root." >&2
  exit 1
fi
echo "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
