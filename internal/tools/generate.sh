#!/usr/bin/env bash
# Generates docs/ from the schemas, templates/ and examples/, without a network and without a CLI: generate.sh [FOLDER]
#
# The schemas are those of the provider as it is now (internal/cmd/schema): any CLI at hand would leave out what only a
# newer one knows, and the pages would depend on it. FOLDER, docs by default, is where the pages go; the check generates
# into another one and compares.
set -euo pipefail
cd "$(dirname "$0")/../.."
pages=${1:-docs}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go run ./internal/cmd/schema >"$work/schema.json"

# tfplugindocs prints each step; only a failure is worth reading.
tfplugindocs() {
  go tool -modfile=internal/tools/go.mod tfplugindocs "$@" --provider-name telco --providers-schema "$work/schema.json" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; return 1; }
}
tfplugindocs generate --rendered-provider-name telco --rendered-website-dir "$pages"
if [ "$pages" = docs ]; then
  tfplugindocs validate
fi
