#!/bin/sh
# Uploads what a .changes file names, all or nothing, with Debian's dput.
# usage: ARCHIVE_URL=https://apt.example.org SUITE=stable ARCHIVE_TOKEN=rgt_... dput.sh FILE.changes
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/dput.cf" <<END
[archive]
fqdn = ${ARCHIVE_URL#*://}
method = ${ARCHIVE_URL%%://*}
incoming = /api/upload/$SUITE/queue
login = ci
allow_unsigned_uploads = 1
END
# dput asks for the password; without a terminal it reads it from its standard input.
printf '%s\n' "$ARCHIVE_TOKEN" | setsid --wait dput --force --unchecked --config "$folder/dput.cf" archive "$1"
