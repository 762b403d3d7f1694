"""The answers that are no success: status, code and message, as the service words them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, final

CODES: Final = {
    400: "invalid_request",
    409: "optimistic_locking_error",
    422: "patch_failed",
}
"""The code that goes with a status where nothing more exact is known."""


@final
class ApiError(Exception):
    """A request that is answered with an error.

    `message` never quotes a value that the client sent: it may be a secret at the wrong place.
    """

    def __init__(
        self, status: int, code: str | None, message: str, *, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = tuple(headers)


def invalid(message: str = "Invalid request body") -> ApiError:
    """400: the request is understood, and wrong."""
    return ApiError(400, "invalid_request", message)


def unauthorized() -> ApiError:
    """401: no token, an unknown one, or one that is not sent bare."""
    return ApiError(401, "unauthorized", "Invalid access token")


def forbidden() -> ApiError:
    """403: the token's role does not allow the call."""
    return ApiError(403, "forbidden", "Forbidden. Access to the requested resource was denied.")


def beta_only() -> ApiError:
    """403 for a beta resource without the beta header. The service sends no code with this one."""
    return ApiError(
        403,
        None,
        "This API is in beta. To use it, your request must include the header `LD-API-Version: beta`.",
    )


def not_found() -> ApiError:
    """404: no such path, or nothing stands at it."""
    return ApiError(404, "not_found", "Invalid resource identifier")


def method_not_allowed(allowed: Iterable[str]) -> ApiError:
    """405: the path exists, but not with this method."""
    return ApiError(
        405, "method_not_allowed", "Method not allowed", headers=[("Allow", ", ".join(sorted(allowed)))]
    )


def conflict(message: str) -> ApiError:
    """409 for a key that is taken."""
    return ApiError(409, "conflict", message)


def stale() -> ApiError:
    """409 for a version that has moved."""
    return ApiError(409, CODES[409], "Conflict. Optimistic lock error. Try again later.")


def patch_failed(message: str = "Unprocessable entity. Could not apply patch.") -> ApiError:
    """422: the patch can't be applied. Only featureStore (of the kinds here) answers with it."""
    return ApiError(422, CODES[422], message)


def rate_limited() -> ApiError:
    """429: this window's calls are used up. The call had no effect."""
    return ApiError(429, "rate_limited", "You've exceeded the API rate limit. Try again later.")
