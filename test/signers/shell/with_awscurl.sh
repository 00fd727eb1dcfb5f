#!/usr/bin/env bash
# Calls a profile with awscurl, which signs with the credentials of the environment.
#
#   TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
#     with_awscurl.sh form 'SCOPE SCOPE'
set -euo pipefail
call() { awscurl --fail-with-body --service lambda --region "$AWS_REGION" "$@"; }

token_endpoint=${TOKEN_VENDING_URL%/}/oauth/token
case $1 in
  # awscurl labels a body as JSON unless it is told otherwise, and doesn't escape it.
  form) call -X POST -H 'content-type: application/x-www-form-urlencoded' -d "scope=${2// /+}" "$token_endpoint" ;;
  json) call -X POST -H 'content-type: application/json' -d "{\"scope\":\"$2\"}" "$token_endpoint" ;;
  metadata) call "${TOKEN_VENDING_URL%/}/.well-known/oauth-authorization-server" ;;
esac
