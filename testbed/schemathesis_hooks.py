"""Signs each request of Schemathesis as a function URL requires: SigV4 for the service lambda, by botocore."""

import os

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SIGNER = SigV4Auth(
    Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]),
    "lambda",
    os.environ["AWS_REGION"],
)


class SigV4(requests.auth.AuthBase):
    def __call__(self, request):
        # Only the headers that the signature needs are signed: headers that are added later must not break it.
        headers = {name: value for name, value in request.headers.items() if name.lower() in ("host", "content-type")}
        signed = AWSRequest(request.method, request.url, headers=headers, data=request.body)
        SIGNER.add_auth(signed)
        for name in ("Authorization", "X-Amz-Date"):
            request.headers[name] = signed.headers[name]
        return request


schemathesis.auth.set_from_requests(SigV4())
