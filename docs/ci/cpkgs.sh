#!/bin/sh
# Uploads every .deb of a directory, several at a time, and ends when all of them can be installed.
# usage: ARCHIVE_URL=https://apt.example.org SUITE=stable ARCHIVE_TOKEN=rgt_... cpkgs.sh FOLDER
set -eu

# The token is in the environment: all users of the machine can see arguments.
CPKGS_TOKEN=$ARCHIVE_TOKEN cpkgs admin upload --registry "$ARCHIVE_URL" --suite "$SUITE" "$1"/*.deb
