"""Calls a profile with requests. requests-aws4auth signs, with botocore's default chain of credentials.

TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
    python with_requests.py form 'SCOPE SCOPE'
"""

import os
import sys

import botocore.session
import requests
from requests_aws4auth import AWS4Auth

kind, scope = sys.argv[1:]
url = os.environ["TOKEN_VENDING_URL"].rstrip("/")
auth = AWS4Auth(
    refreshable_credentials=botocore.session.get_session().get_credentials(),
    region=os.environ["AWS_REGION"],
    service="lambda",
)
if kind == "form":
    response = requests.post(f"{url}/oauth/token", data={"scope": scope}, auth=auth, timeout=25)
elif kind == "json":
    response = requests.post(f"{url}/oauth/token", json={"scope": scope}, auth=auth, timeout=25)
else:
    response = requests.get(f"{url}/.well-known/oauth-authorization-server", auth=auth, timeout=25)
if not response.ok:
    sys.exit(f"{response.status_code} {response.text}")
print(response.text)
