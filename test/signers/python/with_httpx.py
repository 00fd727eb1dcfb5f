"""Calls a profile with httpx. httpx-aws-auth signs, with botocore's default chain of credentials.

TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
    python with_httpx.py form 'SCOPE SCOPE'
"""

import os
import sys

import botocore.session
import httpx
from httpx_aws_auth import AwsCredentials, AwsSigV4Auth

kind, scope = sys.argv[1:]
keys = botocore.session.get_session().get_credentials().get_frozen_credentials()
auth = AwsSigV4Auth(
    AwsCredentials(keys.access_key, keys.secret_key, keys.token), os.environ["AWS_REGION"], "lambda"
)
client = httpx.Client(base_url=os.environ["TOKEN_VENDING_URL"], auth=auth, timeout=25)
if kind == "form":
    response = client.post("/oauth/token", data={"scope": scope})
elif kind == "json":
    response = client.post("/oauth/token", json={"scope": scope})
else:
    response = client.get("/.well-known/oauth-authorization-server")
if not response.is_success:
    sys.exit(f"{response.status_code} {response.text}")
print(response.text)
