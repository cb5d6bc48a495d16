#!/usr/bin/env bash
# Runs the native tests twice, plainly and under valgrind's memcheck, and prints one closing line.
#   run.sh OUT [PART-OF-A-NAME]
set -uo pipefail
out=${1:?the folder of what was built}; shift
tally=$out/native-tally.txt
logs=$out/valgrind
rm -rf "$tally" "$logs"
mkdir -p "$logs"
ended=0

echo "== native"
"$out/native-tests" "$out" "$tally" "$@" || ended=1

if command -v valgrind >/dev/null; then
  echo "== native under memcheck"
  # Every test is a child process: its own exit status carries memcheck's verdict.
  FUZZ_ROUNDS=2000 valgrind --fair-sched=try --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
    --log-file="$logs/%p.txt" "$out/native-tests" "$out" "$tally" "$@" || { ended=1; find "$logs" -size +0 -exec tail -n 40 {} +; }
else
  echo "valgrind is not installed: memory errors would stay unseen. Install Debian's package valgrind (make test does it when run as root)."
  echo "0 1" >>"$tally"
fi

passed=$(awk '{ n += $1 } END { print n + 0 }' "$tally" 2>/dev/null)
failed=$(awk '{ n += $2 } END { print n + 0 }' "$tally" 2>/dev/null)
[ "$ended" -eq 0 ] || [ "${failed:-0}" -gt 0 ] || failed=1 # a runner that died counts as a failure
echo "${passed:-0} passed, ${failed:-1} failed, 0 skipped"
[ "${failed:-1}" -eq 0 ] && [ "${passed:-0}" -gt 0 ]
