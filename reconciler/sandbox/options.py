"""What can be switched in the sandbox: above all where LaunchDarkly's behaviour is not known for certain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

MaskForm: TypeAlias = Literal["first3_last3", "fixed4", "full"]
ConfigForm: TypeAlias = Literal["full", "empty", "absent"]


@dataclass(frozen=True, slots=True)
class Options:
    """The sandbox's switches. The defaults are the likeliest behaviour of the live service.

    Every value is a JSON value, so that `dataclasses.asdict` and `Options(**values)` are each other's
    inverse. Whole numbers without a unit are counts.
    """

    masks: MaskForm = "first3_last3"
    """How a secret looks once it is stored; see `reconciler.sandbox.masks`."""
    lists_config: ConfigForm = "empty"
    """What stands for `config` in lists, which never tell it: `{}`, or no member at all."""
    write_config: ConfigForm = "full"
    """The same in the answers to POST and PATCH, where the documentation promises nothing."""
    config_subpaths: bool = True
    """Whether a patch may name a single variable (`/config/storeId`); else 400."""
    strict_bodies: bool = False
    """Whether unknown members of a POST body are answered 400, rather than ignored."""
    commented_patches: bool = True
    """Whether PATCH also takes `{"comment": ..., "patch": [...]}`; else 400."""
    failed_test: Literal[400, 409, 422] | None = None
    """The status of a failed `test` operation; `None` is the rule of `patching.failed_test`."""

    approvals: bool = True
    """Whether the account has the approvals feature: without it no environment shows settings."""
    approval_services: tuple[str, ...] = ("servicenow",)
    """The approval services that are set up in the account, besides LaunchDarkly's own."""
    views: bool = True
    """Whether the account has the Views feature: without it a project's two rules on it can't be set."""
    default_using_mobile_key: bool = False
    """`defaultClientSideAvailability.usingMobileKey` of a project that is created without it."""
    default_production_critical: bool = False
    """`critical` of the `production` environment that a project gets when none are named."""
    keys_hidden: bool = False
    """Whether SDK and mobile keys are shown as `***`, as for a token that may not see them."""
    validation_status: int = 200
    """The provider's HTTP status that `.../validate` reports."""
    import_delay: float = 2.0
    """Seconds until the import job of a flag import configuration has run and raised its `version`."""

    page_size: int = 20
    """Items on a page without `limit`."""
    page_limit: int = 1000
    """The largest `limit`."""
    clamp_limit: bool = False
    """Whether a larger `limit` is taken for the largest, rather than answered 400."""

    global_limit: int | None = None
    """Calls of the whole account in one window; `None` is without limit."""
    route_limit: int | None = None
    """Calls of one method and path pattern in one window; `None` is without limit."""
    window_seconds: float = 10.0
    """The length of a rate-limit window. Windows start at whole multiples of it."""
    clock_skew: float = 0.0
    """Seconds by which the service's clock is ahead of ours."""
