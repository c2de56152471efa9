#!/usr/bin/env bash
# Runs the whole suite on two cores: first all that needs no Asterisk, then the lab's real boxes. Both
# parts run even when the first one fails. What this machine cannot run is left out with a line that
# says so. pytest's own closing line is the last thing printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

without=()
if ! has_postgres; then
    without=(-k 'not postgresql')
    say "LEFT OUT: tests named postgresql, because no PostgreSQL server is installed here"
fi
lab=yes
if ! on_debian_as_root; then
    lab=no
    say "LEFT OUT: tests marked lab, because real Asterisk boxes need root on Debian"
fi

status=0
say "Tests without Asterisk, on two cores"
.venv/bin/pytest -n 2 --dist loadfile -m 'not lab' "${without[@]}" "$@" || status=$?

if [ "$lab" = yes ]; then
    say "Tests with real Asterisk boxes, on two cores"
    .venv/bin/pytest -n 2 --dist loadfile -m lab "$@" || status=$?
fi
exit "$status"
