"""For all tests: what goes over the wire is compared with LaunchDarkly's own description of its API."""

import contract.recording
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Registers the plugin before any test module takes hold of the sandbox."""
    contract.recording.start(config)
