#!/usr/bin/env bash
# Generates docs/ from the schemas, templates/ and examples/, without a network: generate.sh CLI [FOLDER]
#
# The schemas are asked of the provider as it is built now, through the CLI. FOLDER, docs by default, is where the pages
# go; the check generates into another one and compares.
set -euo pipefail
cd "$(dirname "$0")/../.."
cli=$1 pages=${2:-docs}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/terraform-provider-telco" .
printf 'provider_installation {\n  dev_overrides {\n    "registry.terraform.io/simfleet/telco" = "%s"\n  }\n}\n' "$work" >"$work/cli.tfrc"
mkdir "$work/schema"
printf 'terraform {\n  required_providers {\n    telco = { source = "registry.terraform.io/simfleet/telco" }\n  }\n}\n' >"$work/schema/main.tf"
# Under an override the CLI names the provider by its whole address, where tfplugindocs looks for its short name.
TF_CLI_CONFIG_FILE="$work/cli.tfrc" CHECKPOINT_DISABLE=1 "$cli" -chdir="$work/schema" providers schema -json |
  sed 's#"registry.terraform.io/simfleet/telco":#"telco":#' >"$work/schema.json"

tools() { go tool -modfile=internal/tools/go.mod "$@"; }
tools tfplugindocs generate --provider-name telco --rendered-provider-name telco --providers-schema "$work/schema.json" --rendered-website-dir "$pages"
if [ "$pages" = docs ]; then
  tools tfplugindocs validate --provider-name telco --providers-schema "$work/schema.json"
fi
