"""Errors that end a command. What users got wrong in their manifests is a `Diagnostic` instead.

ReconcilerError
 ├─ UsageError           the command line, the token or the host can't be used as given
 │   └─ NoToken          there is no token
 ├─ SecretError          secrets that a write needs have no usable value
 ├─ PlanRefused          a plan that has errors in it, or that was made without live access
 ├─ PlanFileError        a saved plan that is cut, altered, or none
 ├─ Blocked              guards stand against a plan
 ├─ WrongAccount         the token belongs to another account than the one that is meant
 ├─ Stale                live moved since a plan was saved, or the plan is not the one that was expected
 ├─ Unreachable          no answer: no connection, a broken one, a deadline
 │   └─ OutOfTime        the time for the whole run is over
 └─ ServiceError         an answer that says no
     ├─ Unauthorized     401
     ├─ Forbidden        403
     └─ NotFound         404
"""

from __future__ import annotations

from http import HTTPStatus


class ReconcilerError(Exception):
    """The root. The message is one sentence that says what is wrong and what to do next."""


class UsageError(ReconcilerError):
    """Something that was given on the command line or in the environment can't be used."""


class NoToken(UsageError):
    """There is no access token at all."""


class SecretError(ReconcilerError):
    """Secrets that the writes need are unset, empty, or not allowed; all of them are named."""


class PlanRefused(ReconcilerError):
    """The plan is not one that may be applied."""


class PlanFileError(ReconcilerError):
    """A saved plan can't be used as it is."""


class Blocked(ReconcilerError):
    """Guards block the plan, and nothing lifts them."""


class WrongAccount(ReconcilerError):
    """The token belongs to another account than the one that is meant; nothing else was read."""


class Stale(ReconcilerError):
    """Nothing was written: the plan is no longer, or not, the one that is meant."""


class Unreachable(ReconcilerError):
    """The service did not answer. Whether a write took effect is not known, unless it was never `sent`."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        self.sent = sent
        super().__init__(message)


class OutOfTime(Unreachable):
    """The time for the whole run is over, or would be before the request may be sent.

    It is not `sent` now; where it is marked as sent, an earlier try of it may have taken effect.
    """


class ServiceError(ReconcilerError):
    """The service answered with an error status.

    The status is authoritative; `code`, `message` and `request_id` come from the body where it has
    them. LaunchDarkly sends bodies without `code`, empty bodies, and proxies send HTML.
    """

    def __init__(
        self, status: int, *, code: str = "", message: str = "", request_id: str = "", request: str = ""
    ) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.request_id = request_id
        self.request = request
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """One sentence for people: the request, the status, and what the service said."""
        said = f": {self.message}" if self.message else _phrase(self.status)
        support = f" (request id {self.request_id})" if self.request_id else ""
        return f"{self.request or 'The request'} was answered {self.status}{said}{support}"


def _phrase(status: int) -> str:
    """What a status means, for an answer that says nothing itself."""
    try:
        return f" ({HTTPStatus(status).phrase})"
    except ValueError:
        return ""


class Unauthorized(ServiceError):
    """401: the token is missing, wrong, or has no rights for this call."""

    def sentence(self) -> str:
        """Where to look: what the service says here is never more than that it refuses."""
        support = f" (request id {self.request_id})" if self.request_id else ""
        return (
            "LaunchDarkly refused the access token (401): "
            f"check LAUNCHDARKLY_ACCESS_TOKEN or --token-file{support}"
        )


class Forbidden(ServiceError):
    """403: the token has no rights here. Never a proof that something does not exist."""


class NotFound(ServiceError):
    """404: it does not exist, or nothing above it does."""
