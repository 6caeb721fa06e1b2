#!/usr/bin/env bash
# Lint the pages' JavaScript and test the pages in a real Chromium: `make test-browser`. What is missing of Chromium,
# Node.js and npm is installed from Debian; the linter comes from npm's registry, in the version below.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
eslint=eslint@9.39.2 # the last that runs on Debian 12's Node.js

need=
command -v chromium >/dev/null || need+=" chromium fonts-dejavu-core"
command -v node >/dev/null || need+=" nodejs"
command -v npx >/dev/null || need+=" npm"
if [ -n "$need" ]; then
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq
    # shellcheck disable=SC2086  # one package a word
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need >/dev/null
fi
cd "$here/../.."
npx --yes "$eslint" --config tests/browser/eslint.config.mjs scripts/recurrence_circuits/explorer workflow/report
pytest "$@" tests/browser
