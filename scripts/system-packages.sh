#!/usr/bin/env bash
# Provides what the tests need beyond Python: a PostgreSQL server, and the folder from which the lab
# runs real Asterisk boxes, kept in the user's cache. Does nothing unless root on Debian;
# scripts/pytest.sh then says which tests that leaves out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

on_debian_as_root || exit 0
has_postgres || debian_install postgresql
say "Asterisk for the lab (the first time builds it from Debian's packages, which takes minutes)"
quietly .venv/bin/python -c 'from ami_adapter.lab import root; root.ensure(print)'
