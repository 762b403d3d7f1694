"""LaunchDarkly's own Python client drives every operation of the sandbox, and reads every answer.

The client is generated from LaunchDarkly's OpenAPI document, with models that take no value of another type.
It drops what they don't name, so each answer is also compared with what the client made of it.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, Final

import pytest
import uvicorn
from pydantic import ValidationError

import reconciler.sandbox.app
from contract import openapi
from contract.samples import BODIES, NOBODY, READER, TOKENS, WRITER, Stage, places, seeded
from reconciler.kinds.registry import load_kinds
from reconciler.model.kind import Kind, fill
from reconciler.sandbox.options import Options
from reconciler.sandbox.routes import ENDPOINTS
from reconciler.sandbox.store import Store

DRIVEN: Final[dict[str, str]] = {}
"""For each operation the test that drives it."""
VIEW_RULES: Final = {
    "requireViewAssociationForNewFlags": False,
    "requireViewAssociationForNewSegments": False,
}


def drives(*operations: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The test drives these operations, each to its documented success, which is checked when it is over."""

    def mark(test: Callable[..., None]) -> Callable[..., None]:
        DRIVEN.update(dict.fromkeys(operations, test.__name__))
        return test

    return mark


@pytest.fixture(autouse=True)
def driven(request: pytest.FixtureRequest) -> Iterator[None]:
    """Checks what `drives` claims, where there is a document to check it with."""
    claimed = {name for name, test in DRIVEN.items() if test == request.function.__name__}
    recorder = request.getfixturevalue("recorder") if claimed and openapi.missing() is None else None
    yield
    if recorder is not None:
        assert claimed <= recorder.answered()


class Client:
    """The client as its users set it up, for one token."""

    def __init__(self, library: Any, url: str, token: str) -> None:
        configuration = library.Configuration(host=url, api_key={"ApiKey": token})
        self._stable = library.ApiClient(configuration)
        # It sends 20240415, over whatever a call says, and the document doesn't declare the header.
        self._beta = library.ApiClient(configuration)
        self._beta.set_default_header("LD-API-Version", "beta")
        self.projects = library.ProjectsApi(self._stable)
        self.environments = library.EnvironmentsApi(self._stable)
        self.other = library.OtherApi(self._stable)
        self.deliveries = library.IntegrationDeliveryConfigurationsBetaApi(self._beta)
        self.imports = library.FlagImportConfigurationsBetaApi(self._beta)
        self.deliveries_without_header = library.IntegrationDeliveryConfigurationsBetaApi(self._stable)

    def close(self) -> None:
        for client in (self._stable, self._beta):
            client.rest_client.pool_manager.clear()


@pytest.fixture(scope="module")
def library() -> Any:
    """The generated package. It takes seconds to import."""
    return pytest.importorskip("launchdarkly_api")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Stage]]:
    """A port of this machine, and the stage whose application it serves."""
    stage = Stage()
    config = uvicorn.Config(stage, log_config=None, access_log=False, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", stage
        finally:
            server.should_exit = True
            thread.join()


Opener = Callable[..., Client]


@pytest.fixture
def world() -> Iterator[Store]:
    with seeded() as store:
        yield store


@pytest.fixture
def client_of(world: Store, served: tuple[str, Stage], library: Any) -> Iterator[Opener]:
    """Opens a client of a sandbox over the world of the test."""
    url, stage = served
    opened: list[Client] = []

    def open_client(token: str = WRITER, **options: Any) -> Client:
        stage.app = reconciler.sandbox.app.create_app(world, options=Options(**options), tokens=TOKENS)
        opened.append(Client(library, url, token))
        return opened[-1]

    yield open_client
    for client in opened:
        client.close()
    stage.app = None


@pytest.fixture
def client(client_of: Opener) -> Client:
    return client_of()


@pytest.fixture
def models(library: Any) -> Any:
    """The request bodies of `BODIES` as the client's models."""
    made = {
        "postProject": library.ProjectPost,
        "postEnvironment": library.EnvironmentPost,
        "createIntegrationDeliveryConfiguration": library.IntegrationDeliveryConfigurationPost,
        "createFlagImportConfiguration": library.FlagImportConfigurationPost,
    }
    return SimpleNamespace(
        **{
            name: made[name].from_dict(body)
            if name in made
            else [library.PatchOperation.from_dict(operation) for operation in body]
            for name, body in BODIES.items()
        }
    )


def read(response: Any, status: int = 200, unnamed: Any = None) -> Any:
    """The answer as the client read it, which has to be all that the sandbox sent.

    `unnamed` are members that no model of the client has.
    """
    assert response.status_code == status
    assert response.headers["content-type"] == "application/json"
    told = json.loads(response.raw_data)
    assert response.data.to_dict() == {
        name: value for name, value in told.items() if name not in (unnamed or {})
    }
    assert {name: told[name] for name in unnamed or {}} == (unnamed or {})
    return response.data


def nothing(response: Any, status: int) -> None:
    """The answer has no body."""
    assert (response.status_code, response.raw_data, response.data) == (status, b"", None)


# Projects


@drives("getProjects")
def test_list_projects(client: Client):
    first = client.projects.get_projects_with_http_info(
        limit=2, filter="query:c", sort="-name", expand="environments"
    )
    told = json.loads(first.raw_data)
    assert first.status_code == 200
    assert [(item.key, item.environments.total_count) for item in first.data.items] == [
        ("search", 3),
        ("checkout", 3),
    ]
    assert first.data.total_count == 2
    for item in told["items"]:
        assert {item.pop(name) for name in VIEW_RULES} == {False}
    assert first.data.to_dict() == told


@drives("postProject")
def test_create_a_project(client: Client, models: Any):
    project = read(client.projects.post_project_with_http_info(models.postProject), 201, VIEW_RULES)
    assert (project.key, project.name, project.tags) == ("loyalty", "Loyalty", ["team-growth"])
    assert [environment.key for environment in project.environments] == ["live"]
    assert project.default_client_side_availability.using_mobile_key is True


@drives("getProject")
def test_get_a_project(client: Client):
    plain = read(client.projects.get_project_with_http_info("checkout"), 200, VIEW_RULES)
    assert plain.environments is None
    expanded = read(
        client.projects.get_project_with_http_info("checkout", expand="environments"), 200, VIEW_RULES
    )
    assert [item.key for item in expanded.environments.items] == ["development", "staging", "production"]


@drives("patchProject")
def test_patch_a_project(client: Client, models: Any):
    response = client.projects.patch_project_with_http_info("checkout", models.patchProject)
    project = read(response, 200, VIEW_RULES)
    assert (project.name, project.tags[-1]) == ("Checkout and cart", "renamed")
    assert len(project.environments) == 3


@drives("deleteProject")
def test_delete_a_project(client: Client, library: Any):
    nothing(client.projects.delete_project_with_http_info("search"), 204)
    with pytest.raises(library.exceptions.NotFoundException):
        client.projects.get_project("search")


# Environments


@drives("getEnvironmentsByProject")
def test_list_environments(client: Client):
    page = read(
        client.environments.get_environments_by_project_with_http_info(
            "checkout", limit=1, offset=1, filter="tags:prod+tier-1", sort="name"
        )
    )
    assert (page.items, page.total_count) == ([], 1)
    page = read(client.environments.get_environments_by_project_with_http_info("checkout", limit=2, offset=1))
    assert [item.key for item in page.items] == ["staging", "production"]
    assert page.links.keys() == {"self", "parent", "first", "prev"}


@drives("postEnvironment")
def test_create_an_environment(client: Client, models: Any):
    response = client.environments.post_environment_with_http_info("checkout", models.postEnvironment)
    environment = read(response, 201)
    assert (environment.key, environment.default_ttl, environment.critical) == ("canary", 5, False)


@drives("getEnvironment")
def test_get_an_environment(client: Client):
    environment = read(client.environments.get_environment_with_http_info("checkout", "production"))
    assert environment.approval_settings.min_num_approvals == 2
    assert environment.resource_approval_settings["segment"].required is False


def test_get_an_environment_of_an_account_without_approvals(client_of: Opener):
    client = client_of(approvals=False)
    environment = read(client.environments.get_environment_with_http_info("checkout", "production"))
    assert (environment.approval_settings, environment.resource_approval_settings) == (None, None)


@drives("patchEnvironment")
def test_patch_an_environment(client: Client, models: Any):
    environment = read(
        client.environments.patch_environment_with_http_info(
            "checkout", "production", models.patchEnvironment
        )
    )
    assert (environment.default_ttl, environment.approval_settings.min_num_approvals) == (10, 3)


@drives("deleteEnvironment")
def test_delete_an_environment(client: Client):
    nothing(client.environments.delete_environment_with_http_info("checkout", "staging"), 204)
    assert [item.key for item in client.environments.get_environments_by_project("checkout").items] == [
        "development",
        "production",
    ]


@drives("resetEnvironmentSDKKey")
def test_reset_an_sdk_key(client: Client):
    before = client.environments.get_environment("checkout", "production")
    after = read(
        client.environments.reset_environment_sdk_key_with_http_info(
            "checkout", "production", expiry=1_767_312_000_000
        )
    )
    assert after.api_key.startswith("sdk-")
    assert after == before.model_copy(update={"api_key": after.api_key})
    assert after != before


@drives("resetEnvironmentMobileKey")
def test_reset_a_mobile_key(client: Client):
    before = client.environments.get_environment("checkout", "production")
    after = read(client.environments.reset_environment_mobile_key_with_http_info("checkout", "production"))
    assert after.mobile_key.startswith("mob-")
    assert after == before.model_copy(update={"mobile_key": after.mobile_key})
    assert after != before


# Integration delivery configurations


@pytest.fixture
def delivery(world: Store) -> tuple[str, str, str, str]:
    """Where a delivery configuration stands."""
    return tuple(places(world)["/featureStore"].values())  # type: ignore[return-value]


@drives("getIntegrationDeliveryConfigurations")
def test_list_all_delivery_configurations(client: Client):
    page = read(client.deliveries.get_integration_delivery_configurations_with_http_info())
    assert [(item.name, item.config) for item in page.items] == [
        ("Edge store EU", {}),
        ("Edge store EU, staging", {}),
        ("Workers KV", {}),
    ]


@drives("getIntegrationDeliveryConfigurationByEnvironment")
def test_list_delivery_configurations_of_an_environment(client: Client):
    page = read(
        client.deliveries.get_integration_delivery_configuration_by_environment_with_http_info(
            "checkout", "production"
        )
    )
    assert [item.name for item in page.items] == ["Edge store EU"]


@drives("createIntegrationDeliveryConfiguration")
def test_create_a_delivery_configuration(client: Client, models: Any):
    made = read(
        client.deliveries.create_integration_delivery_configuration_with_http_info(
            "checkout", "production", "fastly", models.createIntegrationDeliveryConfiguration
        ),
        201,
    )
    assert (made.name, made.on, made.version) == ("Edge store US", True, 1)
    assert made.config == {"storeId": "kv-2", "apiToken": "exa" + "*" * 14 + "ken"}


@drives("getIntegrationDeliveryConfigurationById")
def test_get_a_delivery_configuration(client: Client, delivery: tuple[str, str, str, str]):
    found = read(client.deliveries.get_integration_delivery_configuration_by_id_with_http_info(*delivery))
    assert (found.id, found.config["storeId"]) == (delivery[-1], "kv-77f1c0")


@drives("patchIntegrationDeliveryConfiguration")
def test_patch_a_delivery_configuration(client: Client, delivery: tuple[str, str, str, str], models: Any):
    changed = read(
        client.deliveries.patch_integration_delivery_configuration_with_http_info(
            *delivery, models.patchIntegrationDeliveryConfiguration
        )
    )
    assert (changed.on, changed.version) == (False, 2)


@drives("deleteIntegrationDeliveryConfiguration")
def test_delete_a_delivery_configuration(client: Client, delivery: tuple[str, str, str, str]):
    nothing(client.deliveries.delete_integration_delivery_configuration_with_http_info(*delivery), 204)
    assert client.deliveries.get_integration_delivery_configuration_by_environment(*delivery[:2]).items == []


@drives("validateIntegrationDeliveryConfiguration")
@pytest.mark.parametrize(("status", "said"), [(200, None), (403, "the provider refused the request")])
def test_validate_a_delivery_configuration(world: Store, client_of: Opener, status: int, said: str | None):
    client = client_of(validation_status=status)
    found = read(
        client.deliveries.validate_integration_delivery_configuration_with_http_info(
            *places(world)["/validate"].values()
        )
    )
    assert (found.status_code, found.error) == (status, said)
    assert isinstance(found.timestamp, int)


# Flag import configurations


@pytest.fixture
def imported(world: Store) -> tuple[str, str, str]:
    """Where a flag import configuration stands."""
    return tuple(places(world)["/flag-import"].values())  # type: ignore[return-value]


@drives("getFlagImportConfigurations")
def test_list_flag_import_configurations(client: Client):
    page = read(client.imports.get_flag_import_configurations_with_http_info())
    assert [(item.name, item.config) for item in page.items] == [("Split migration", {})]


@drives("createFlagImportConfiguration")
def test_create_a_flag_import_configuration(client: Client, models: Any):
    made = read(
        client.imports.create_flag_import_configuration_with_http_info(
            "checkout", "split", models.createFlagImportConfiguration
        )
    )
    assert (made.name, made.version, made.status.status) == ("Second migration", 1, "pending")
    assert made.config["ldTag"] == "imported-from-split"


@drives("getFlagImportConfiguration")
@pytest.mark.parametrize("delay", [60, -60], ids=["before the import ran", "after it"])
def test_get_a_flag_import_configuration(client_of: Opener, models: Any, delay: float):
    client = client_of(import_delay=delay)
    made = client.imports.create_flag_import_configuration(
        "checkout", "split", models.createFlagImportConfiguration
    )
    found = read(client.imports.get_flag_import_configuration_with_http_info("checkout", "split", made.id))
    assert found.status.status == ("pending" if delay > 0 else "complete")
    assert (found.status.last_import is None) == (delay > 0)


@drives("patchFlagImportConfiguration")
def test_patch_a_flag_import_configuration(client: Client, imported: tuple[str, str, str], models: Any):
    changed = read(
        client.imports.patch_flag_import_configuration_with_http_info(
            *imported, models.patchFlagImportConfiguration
        )
    )
    assert changed.tags == ["migration", "q3"]


@drives("deleteFlagImportConfiguration")
def test_delete_a_flag_import_configuration(client: Client, imported: tuple[str, str, str]):
    nothing(client.imports.delete_flag_import_configuration_with_http_info(*imported), 204)
    assert client.imports.get_flag_import_configurations().items == []


@drives("triggerFlagImportJob")
def test_trigger_a_flag_import(client: Client, imported: tuple[str, str, str]):
    nothing(client.imports.trigger_flag_import_job_with_http_info(*imported), 201)
    assert client.imports.get_flag_import_configuration(*imported).status.status == "pending"


# Who is calling


@drives("getCallerIdentity")
def test_caller_identity(client: Client, world: Store):
    found = read(client.other.get_caller_identity_with_http_info())
    with world.transaction() as held:
        assert found.account_id == held.account
    assert (found.auth_kind, found.service_token) == ("token", True)


# What is refused


def test_errors_are_read_too(client_of: Opener, library: Any, delivery: tuple[str, str, str, str]):
    errors, client = library.exceptions, client_of()
    with pytest.raises(errors.BadRequestException) as bad:
        client.projects.get_projects(limit=-1)
    assert bad.value.data.code == "invalid_request"
    with pytest.raises(errors.UnauthorizedException) as unauthorized:
        client_of("api-unknown").projects.get_projects()
    assert unauthorized.value.data.message == "Invalid access token"
    with pytest.raises(errors.NotFoundException) as not_found:
        client.projects.get_project("no-such")
    assert not_found.value.data.code == "not_found"
    with pytest.raises(errors.ConflictException) as conflict:
        client.projects.post_project(library.ProjectPost(key="checkout", name="Checkout"))
    assert conflict.value.data.code == "conflict"
    wrong = library.PatchOperation(op="replace", path="/version", value=9)
    with pytest.raises(errors.UnprocessableEntityException) as unprocessable:
        client.deliveries.patch_integration_delivery_configuration(*delivery, [wrong])
    assert unprocessable.value.data.code == "patch_failed"
    with pytest.raises(errors.ApiException) as limited:
        client_of(global_limit=0).projects.get_projects()
    assert (limited.value.status, limited.value.data.code) == (429, "rate_limited")


def test_errors_that_the_document_does_not_list_have_no_model(client: Client, library: Any):
    client.environments.delete_environment("checkout", "staging")
    client.environments.delete_environment("checkout", "development")
    with pytest.raises(library.exceptions.BadRequestException) as last:
        client.environments.delete_environment("checkout", "production")
    assert last.value.data is None
    assert json.loads(last.value.body)["code"] == "invalid_request"


@pytest.mark.parametrize(("token", "may_read"), [(READER, True), (NOBODY, False)])
def test_tokens_with_few_rights(client_of: Opener, library: Any, models: Any, token: str, may_read: bool):
    client = client_of(token)
    with pytest.raises(library.exceptions.ForbiddenException) as forbidden:
        client.projects.patch_project("checkout", models.patchProject)
    assert forbidden.value.data.code == "forbidden"
    if may_read:
        assert client.projects.get_project("checkout").key == "checkout"
    else:
        with pytest.raises(library.exceptions.ForbiddenException):
            client.projects.get_project("checkout")


# Where the client itself can't cope with real life


def test_it_can_not_send_the_beta_header_in_a_call(client: Client, library: Any):
    """The default header is put over the one of the call; without the right one all is refused."""
    with pytest.raises(library.exceptions.ForbiddenException) as refused:
        client.deliveries_without_header.get_integration_delivery_configurations(
            _headers={"LD-API-Version": "beta"}
        )
    assert json.loads(refused.value.body) == {
        "message": "This API is in beta. To use it, your request must include the header "
        "`LD-API-Version: beta`."
    }
    assert refused.value.data is None  # without a code the client can't read it


def test_it_fails_on_lists_without_config(client_of: Opener):
    """The document requires `config` everywhere, and its text says that lists leave it out."""
    client = client_of(lists_config="absent")
    for listed in (
        client.deliveries.get_integration_delivery_configurations,
        lambda: client.deliveries.get_integration_delivery_configuration_by_environment(
            "checkout", "production"
        ),
        client.imports.get_flag_import_configurations,
    ):
        with pytest.raises(ValidationError, match="config") as failed:
            listed()
        assert [error["loc"] for error in failed.value.errors()] == [("config",)]


def test_it_fails_on_writes_answered_without_config(client_of: Opener, models: Any):
    client = client_of(write_config="absent")
    with pytest.raises(ValidationError, match="config"):
        client.imports.create_flag_import_configuration(
            "checkout", "split", models.createFlagImportConfiguration
        )
    assert len(client.imports.get_flag_import_configurations().items) == 2


def test_it_reads_writes_answered_with_an_empty_config(client_of: Opener, models: Any):
    made = client_of(write_config="empty").imports.create_flag_import_configuration(
        "checkout", "split", models.createFlagImportConfiguration
    )
    assert made.config == {}


# What is covered


def used_by(kind: Kind) -> set[tuple[str, str]]:
    """Method and path template of every operation that a kind uses."""
    lists = [kind.listing.path, *([kind.listing.narrow] if kind.listing.narrow else [])]
    return {
        ("POST", kind.create),
        *(("GET", path) for path in lists),
        *((method, kind.item) for method in ("GET", "PATCH", "DELETE")),
    }


@pytest.mark.parametrize("kind", load_kinds().values(), ids=lambda kind: kind.name)
def test_every_operation_that_a_kind_uses_is_driven(kind: Kind, specification: openapi.Specification):
    names = ("project", "environment", "integration", "key", "id")
    for method, template in used_by(kind):
        found = specification.find(method, fill(template, dict.fromkeys(names, "x")))
        assert found is not None, f"{method} {template} is not in the document"
        assert found.id in DRIVEN, f"no test here drives {found.id}"


def test_every_operation_that_the_sandbox_has_is_driven(specification: openapi.Specification):
    found = {endpoint.route: specification.find(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert [route for route, operation in found.items() if operation is None] == []
    assert {operation.id for operation in found.values() if operation is not None} == set(DRIVEN)
