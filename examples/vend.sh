#!/usr/bin/env bash
# Vends a token with curl, signed with the credentials that the AWS CLI uses (of a profile, of SSO or of a role).
# Needs curl 7.76 or newer and the AWS CLI 2.
#
#   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ examples/vend.sh
set -euo pipefail
: "${TOKEN_VENDING_URL:?is the function URL of a profile, an output of the stack}"

eval "$(aws configure export-credentials --format env)"
url=${TOKEN_VENDING_URL%/oauth/token} # the function URL
region=$(sed -nE 's/.*\.lambda-url\.([^.]+)\..*/\1/p' <<<"$url") # the URL's, which need not be yours
curl -sS --fail-with-body --aws-sigv4 "aws:amz:${region:-$AWS_REGION}:lambda" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
  ${AWS_SESSION_TOKEN:+"-Hx-amz-security-token: $AWS_SESSION_TOKEN"} -d scope=product.product_read_unpublished \
  "${url%/}/oauth/token"
