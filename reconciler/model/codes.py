"""Every finding that this tool can make, with its stable code. `docs/codes.md` explains each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Severity(StrEnum):
    """How bad a finding is. Only an error stops something."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Code:
    """A stable code, what its findings are called, and how severe they are."""

    text: str
    title: str
    severity: Severity

    def __str__(self) -> str:
        return self.text


ALL: Final[dict[str, Code]] = {}
"""Every code by its text."""


def _code(text: str, title: str, severity: Severity = Severity.ERROR) -> Code:
    if text in ALL:
        raise ValueError(f"{text} is taken")
    ALL[text] = Code(text, title, severity)
    return ALL[text]


# Errors that end a command
USAGE = _code("LDR001", "command that can't be carried out as given")
UNREACHABLE = _code("LDR002", "no answer")
UNAUTHORIZED = _code("LDR003", "access token refused")
FORBIDDEN = _code("LDR004", "no rights")
REFUSED = _code("LDR005", "request refused by the service")
NO_SECRETS = _code("LDR006", "secrets that apply needs and does not have")
REFUSED_PLAN = _code("LDR007", "plan that can't be applied")

STALE = _code("LDR008", "plan that no longer fits")
BLOCKED = _code("LDR010", "plan that guards stand against")
BAD_PLAN_FILE = _code("LDR009", "plan file that can't be used")

# Files and YAML
SYNTAX = _code("LDR101", "YAML syntax error")
TAG = _code("LDR102", "custom YAML tag")
DUPLICATE_KEY = _code("LDR103", "duplicate key")
LIMIT = _code("LDR104", "file too large, too deep, or expanding too far")
YAML_FEATURE = _code("LDR105", "YAML feature that manifests don't have")
ENCODING = _code("LDR106", "not UTF-8")
UNREADABLE = _code("LDR107", "file that can't be read")
NO_MANIFESTS = _code("LDR108", "nothing to read here")
SEVERAL_SETTINGS = _code("LDR110", "different settings in one run")
NOT_A_MANIFEST = _code("LDR109", "document that is no manifest")

# The shape of a manifest
API_VERSION = _code("LDR201", "unknown apiVersion")
UNKNOWN_KIND = _code("LDR202", "unknown kind")
UNKNOWN_FIELD = _code("LDR203", "unknown field")
MISSING_FIELD = _code("LDR204", "missing field")
WRONG_TYPE = _code("LDR205", "wrong type")
BAD_VALUE = _code("LDR206", "value that is not allowed")
UNQUOTED = _code("LDR207", "text without quotes")
NULL = _code("LDR208", "null")
UNMANAGED_FIELD = _code("LDR209", "field that is known but not managed")
DUPLICATE_ADDRESS = _code("LDR210", "resource declared twice")
EXCLUSION = _code("LDR211", "fields that exclude each other")
TOMBSTONE_WITHOUT_ID = _code("LDR212", "tombstone without an id")
CHILD_OF_TOMBSTONE = _code("LDR213", "resource below a tombstone")
SIBLING = _code("LDR214", "clone of itself, in a circle, or of nothing")
UNSEEN = _code("LDR215", "characters that can't be seen", Severity.WARNING)

# Integration configs and secrets
UNKNOWN_INTEGRATION = _code("LDR301", "integration that the catalog doesn't know", Severity.WARNING)
UNKNOWN_VARIABLE = _code("LDR302", "unknown config variable")
MISSING_VARIABLE = _code("LDR303", "missing config variable")
LITERAL_SECRET = _code("LDR304", "secret in clear")
MASK = _code("LDR305", "mask instead of a value")
MISPLACED_REFERENCE = _code("LDR306", "secret reference where none can be")
BAD_REFERENCE = _code("LDR307", "secret reference that is not allowed")
UNSET_SECRET = _code("LDR308", "secret that has no value here", Severity.WARNING)

# Comparing with earlier manifests
BASE_ERRORS = _code("LDR311", "mistakes in the manifests to compare with", Severity.WARNING)
OFFLINE = _code("LDR312", "plan without access to LaunchDarkly", Severity.WARNING)

# Meeting the live side
UNREAD = _code("LDR401", "resource that could not be read")
AMBIGUOUS = _code("LDR402", "several live resources match")
NO_PARENT = _code("LDR403", "parent that exists nowhere")
NO_CHILDREN = _code("LDR404", "new project without environments")
CREATE_NEEDS = _code("LDR405", "field that a create needs")
INHERITED_EXCLUSION = _code("LDR406", "field that live excludes")
NO_FEATURE = _code("LDR407", "feature that the account lacks")
OTHER_ID = _code("LDR408", "another resource than the one meant")
ALREADY_ABSENT = _code("LDR409", "tombstone of what is gone", Severity.INFO)
CREATE_ONLY = _code("LDR410", "field that only a create can set", Severity.INFO)
TWIN = _code("LDR411", "possible twin", Severity.WARNING)
WOULD_DROP = _code("LDR412", "write that would lose live values")
LAST_OF_SCOPE = _code("LDR413", "last one, which can't be deleted")

# Guards: they block apply, and nothing else
GUARD_DELETE = _code("LDR501", "delete of a project or environment")
GUARD_DELETES = _code("LDR502", "many deletes")
GUARD_CREATES = _code("LDR503", "almost everything would be created")
GUARD_LOOSENS = _code("LDR504", "weaker protection of something critical")
GUARD_PROTECTED = _code("LDR505", "change of a protected resource")
GUARD_ACCOUNT = _code("LDR506", "another account than the pinned one")
GUARD_DRIFT = _code("LDR507", "drift that the settings refuse")

GUARDS: Final = (
    GUARD_DELETE,
    GUARD_DELETES,
    GUARD_CREATES,
    GUARD_LOOSENS,
    GUARD_PROTECTED,
    GUARD_DRIFT,
)
"""Those that `--allow` can lift. Another account is never allowed; the pin has to be changed."""
