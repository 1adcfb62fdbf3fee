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
grep -q '"functions":' "$work/schema.json" ||
  { echo "$cli does not know functions, and their pages would go: use Terraform 1.8, OpenTofu 1.7 or newer" >&2; exit 1; }

# tfplugindocs prints each step; only a failure is worth reading.
tfplugindocs() {
  go tool -modfile=internal/tools/go.mod tfplugindocs "$@" --provider-name telco --providers-schema "$work/schema.json" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; return 1; }
}
tfplugindocs generate --rendered-provider-name telco --rendered-website-dir "$pages"
if [ "$pages" = docs ]; then
  tfplugindocs validate
fi
