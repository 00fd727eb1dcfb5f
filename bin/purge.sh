#!/usr/bin/env bash
# Purges the tokens of a credential, or one of them: within a minute every instance vends another token.
# docs/runbook.md says what a purge can't do. It needs the AWS CLI, dynamodb:Scan, DeleteItem and UpdateItem on the table,
# and lambda:ListFunctions.
#
#   bin/purge.sh TABLE CREDENTIAL                 (all tokens of the credential)
#   bin/purge.sh TABLE CREDENTIAL PROFILE#ITEM    (one token: `Profile`, `#` and `item` of its audit line)
set -euo pipefail

refuse() {
  echo "$1" >&2
  exit 2
}

[ $# -eq 2 ] || [ $# -eq 3 ] || refuse "usage: $0 TABLE CREDENTIAL [PROFILE#ITEM]"
table=$1 credential=$2

functions="TABLE_NAME=='$table' && Environment.Variables.CREDENTIAL=='$credential'"
prefixes=$(aws lambda list-functions --output text --query \
  "Functions[?Environment.Variables.$functions].[join('', [Environment.Variables.PROFILE, '#'])]")
[ -n "$prefixes" ] || refuse "No function uses the table '$table' and the credential '$credential'."

if [ $# -eq 3 ]; then
  [[ $3 =~ ^[a-z][a-z0-9-]*#[A-Za-z0-9_-]{8,43}$ ]] || refuse "'$3' is no PROFILE#ITEM of an audit line."
  # With another credential the item would be deleted, and its token vended from memory until it ends.
  grep -qxF "${3%%#*}#" <<<"$prefixes" || refuse "The profile '${3%%#*}' does not use the credential '$credential'."
  prefixes=$3
fi

keys=$(for prefix in $prefixes; do
  aws dynamodb scan --table-name "$table" --consistent-read --projection-expression pk \
    --filter-expression 'begins_with(pk, :prefix)' --expression-attribute-values "{\":prefix\":{\"S\":\"$prefix\"}}" \
    --query 'Items[].[pk.S]' --output text || exit
done)

# The items first: an instance that reads its tokens again must not find them.
if [ -n "$keys" ]; then
  xargs -P 8 -I '{}' aws dynamodb delete-item --table-name "$table" --key '{"pk":{"S":"{}"}}' <<<"$keys"
fi

# 30 s ahead, because this clock may be behind. Instances read this no sooner than every 40 s, so nobody waits longer.
# The condition: the credential must be one that has minted, and not a typing error.
aws dynamodb update-item --table-name "$table" --key "{\"pk\":{\"S\":\"CREDENTIAL#$credential\"}}" \
  --update-expression 'SET reread_before_ms = :at' --condition-expression 'attribute_exists(pk)' \
  --expression-attribute-values "{\":at\":{\"N\":\"$(($(date +%s) + 30))000\"}}"

echo "Deleted: $(grep -c . <<<"$keys" || true). Within a minute no instance vends what was deleted."
