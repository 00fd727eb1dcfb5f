"""Calls a profile with botocore alone, which signs and sends.

TOKEN_VENDING_URL=https://….lambda-url.eu-central-1.on.aws/ AWS_REGION=eu-central-1 \
    python with_botocore.py form 'SCOPE SCOPE'
"""

import json
import os
import sys
from urllib.parse import urlencode

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

kind, scope = sys.argv[1:]
url = os.environ["TOKEN_VENDING_URL"].rstrip("/")
if kind == "form":
    form_type = {"content-type": "application/x-www-form-urlencoded"}
    request = AWSRequest("POST", f"{url}/oauth/token", form_type, urlencode({"scope": scope}))
elif kind == "json":
    json_type = {"content-type": "application/json"}
    request = AWSRequest("POST", f"{url}/oauth/token", json_type, json.dumps({"scope": scope}))
else:
    request = AWSRequest("GET", f"{url}/.well-known/oauth-authorization-server")
credentials = botocore.session.get_session().get_credentials()
SigV4Auth(credentials, "lambda", os.environ["AWS_REGION"]).add_auth(request)
response = URLLib3Session(timeout=25).send(request.prepare())
if response.status_code != 200:
    sys.exit(f"{response.status_code} {response.text}")
print(response.text)
