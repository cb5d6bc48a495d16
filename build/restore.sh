#!/usr/bin/env bash
# Restores the packages; with the arguments given (CI: --locked-mode). The plain answer to a failed restore is here.
set -euo pipefail
if ! output=$(dotnet restore AIInfra.Agent.sln -v q "$@" 2>&1); then
  echo "$output" >&2
  echo "The package restore failed. Versions are in Directory.Packages.props; after changing one: dotnet restore --force-evaluate, and commit the lock files." >&2
  exit 1
fi
