"""Asks for a token of the scopes in its argument with the client that openapi-python-client makes of docs/openapi.json,
and prints one line. mypy accepts it only while the client knows which errors each status has."""

import os
import sys
from json import JSONDecodeError

from httpx_aws_auth import AwsCredentials, AwsSigV4Auth
from token_vending_client import Client
from token_vending_client.api.discovery import metadata
from token_vending_client.api.tokens import vend
from token_vending_client.models import (
    BadGatewayError,
    BadRequestError,
    FormRequest,
    LambdaForbidden,
    LambdaThrottled,
    Metadata,
    MisconfiguredError,
    SlowDownError,
    Token,
    UnavailableError,
)
from typing_extensions import assert_never


def line(client: Client, scope: str) -> str:
    try:
        answer = vend.sync(client=client, body=FormRequest(scope=scope))
    except JSONDecodeError:  # The client reads 429 and 502 as JSON, whatever their content type is.
        return "try later: Lambda's own answer"
    if isinstance(answer, Token):
        return f"vended: {answer.token_type}, {answer.scope}; {response_types(client)} response types"
    if isinstance(answer, BadRequestError):
        return f"the caller must act: {answer.error.value}"
    if isinstance(answer, LambdaForbidden):
        return "Lambda refuses"
    if isinstance(answer, LambdaThrottled):
        return "try later: Lambda's own answer"
    if isinstance(answer, (MisconfiguredError, BadGatewayError)):
        return f"the operator must act: {answer.error}"
    if isinstance(answer, (SlowDownError, UnavailableError)):
        if answer.error == "server_error":  # type: ignore[comparison-overlap]
            return ""  # This is never reached, and mypy knows it.
        return f"try later: {answer.error}"
    if answer is None:
        return "a status that is not documented"
    assert_never(answer)


def response_types(client: Client) -> int:
    answer = metadata.sync(client=client)
    assert isinstance(answer, Metadata)
    supported: list[str] = answer.response_types_supported
    return len(supported)


credentials = AwsCredentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
auth = AwsSigV4Auth(credentials, os.environ["AWS_REGION"], "lambda")
print(line(Client(os.environ["TOKEN_VENDING_URL"], httpx_args={"auth": auth}), sys.argv[1]))
