#!/usr/bin/env bash
# Makes out/package/NAME-VERSION-1.ARCH.rpm of what stage.sh laid out, with Debian's rpmbuild.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=$PWD/out/tools/debian
export RPM_CONFIGDIR=$tools/usr/lib/rpm LD_LIBRARY_PATH=$tools/usr/lib/$(uname -m)-linux-gnu
top=$PWD/out/package/rpm
mkdir -p "$top"
"$tools/usr/bin/rpmbuild" -bb --quiet --define "_topdir $top" --define "_rpmdir $PWD/out/package" --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
  --define "_dbpath $top/db" --define "given_root $PWD/out/package/root" --define "given_version $VERSION" \
  --define "_buildhost localhost" --define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
  packaging/rpm/aiinfra.spec
rm -rf "$top"
