#!/usr/bin/env bash
# Installs what the tests need beyond Python: a PostgreSQL server, and debootstrap, with which the
# lab makes its Asterisk boxes. Does nothing unless root on Debian; scripts/pytest.sh then says
# which tests that leaves out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

on_debian_as_root || exit 0
missing=()
has_postgres || missing+=(postgresql)
command -v debootstrap >/dev/null || missing+=(debootstrap)
[ ${#missing[@]} -eq 0 ] || debian_install "${missing[@]}"
