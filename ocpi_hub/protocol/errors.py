"""Every way an OCPI request can be refused: one class per status code.

    OcpiError
    ├── ClientError 2000            the request makes no sense
    │   ├── InvalidParameters 2001  a missing, malformed or forbidden value
    │   │   └── NotJson             the body is not JSON (HTTP 400)
    │   ├── NotEnoughInformation 2002
    │   ├── UnknownLocation 2003
    │   └── UnknownToken 2004
    ├── ServerError 3000
    │   ├── UnableToUseClientApi 3001
    │   ├── UnsupportedVersion 3002
    │   └── NoMatchingEndpoints 3003
    └── HubError 4000
        ├── UnknownReceiver 4001
        ├── ReceiverTimeout 4002
        └── ReceiverNotConnected 4003

plus the refusals of the HTTP layer: Unauthorized (401), NotFound (404), MethodNotAllowed (405),
TooLarge (413) and TooManyRequests (429). The docstring is the default message. Source: OCPI 2.2.1,
chapter "Status codes".
"""

from __future__ import annotations


class OcpiError(Exception):
    """The request was refused."""

    status_code = 3000
    http_status = 200

    def __init__(
        self,
        message: str | None = None,
        *,
        http_status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip().rstrip(".")
        if http_status is not None:
            self.http_status = http_status
        self.headers = headers or {}
        super().__init__(self.message)


class ClientError(OcpiError):
    """The request makes no sense."""

    status_code = 2000


class InvalidParameters(ClientError):
    """A parameter is missing or invalid."""

    status_code = 2001


class NotJson(InvalidParameters):
    """The body is not valid JSON."""

    http_status = 400


class NotEnoughInformation(ClientError):
    """Not enough information to answer."""

    status_code = 2002


class UnknownLocation(ClientError):
    """The Location is not known."""

    status_code = 2003


class UnknownToken(ClientError):
    """The Token is not known."""

    status_code = 2004
    http_status = 404


class ServerError(OcpiError):
    """The server failed."""

    status_code = 3000


class UnableToUseClientApi(ServerError):
    """Unable to use the client's API."""

    status_code = 3001


class UnsupportedVersion(ServerError):
    """No version in common."""

    status_code = 3002


class NoMatchingEndpoints(ServerError):
    """A required endpoint is missing."""

    status_code = 3003


class HubError(OcpiError):
    """The hub could not forward the request."""

    status_code = 4000


class UnknownReceiver(HubError):
    """The receiver is not known."""

    status_code = 4001


class ReceiverTimeout(HubError):
    """The receiver did not answer in time."""

    status_code = 4002


class ReceiverNotConnected(HubError):
    """The receiver is not connected."""

    status_code = 4003


class Unauthorized(ClientError):
    """The credentials token is missing, malformed or not known."""

    http_status = 401


class NotFound(ClientError):
    """There is nothing at this URL."""

    http_status = 404


class ObjectNotFound(InvalidParameters):
    """The object is not known."""

    http_status = 404


class MethodNotAllowed(ClientError):
    """The method is not available here."""

    http_status = 405


class TooLarge(ClientError):
    """The request is too large."""

    http_status = 413


class TooManyRequests(ClientError):
    """Too many requests."""

    http_status = 429
