#!/usr/bin/env bash
# Installs what the browser tests need on Debian: Chromium and one font. Needs root.
set -euo pipefail
apt-get update
apt-get install -y --no-install-recommends chromium fonts-dejavu
