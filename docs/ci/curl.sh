#!/bin/sh
# Uploads every .deb of a directory, and ends when all of them can be installed.
# usage: ARCHIVE_URL=https://apt.example.org SUITE=stable ARCHIVE_TOKEN=rgt_... curl.sh FOLDER
set -eu

for file in "$1"/*.deb; do
    # The token is passed on standard input: all users of the machine can see arguments.
    printf 'user = "ci:%s"\n' "$ARCHIVE_TOKEN" |
        curl --config - --fail-with-body --silent --show-error --retry 5 --retry-all-errors --max-time 600 \
            --upload-file "$file" "$ARCHIVE_URL/api/upload/$SUITE/$(basename "$file")?wait=published"
done
