"""Faults as data: what they may say, in which words they are refused, and the schema that says the same."""

import itertools
import json
import random

import jsonschema_rs
import pytest

from reconciler.sandbox.fault_schema import faults_schema
from reconciler.sandbox.faults import Fault, FaultError, Faults, Hide, Rate
from reconciler.sandbox.options import Options


def test_a_file_is_the_same_as_objects():
    faults = Faults.from_text(
        """
        {"$schema": "faults.schema.json",
         "faults": [
           {"method": "POST", "path": "/api/v2/projects", "nth": 2.0, "times": 0, "effect": "after", "reset": true,
            "hide": {"seconds": 30, "reads": "all"}},
           {"status": 503, "html": "<p>", "headers": {"Retry-After": "3", "X-Ratelimit-Reset": null}},
           {"status": 500, "json": null},
           {"delay": 1.5}
         ],
         "rate": {"global": 100, "route": 5.0, "window": 2.5, "headers": "past"}}
        """
    )
    assert faults.faults == (
        Fault(
            method="POST",
            path="/api/v2/projects",
            nth=2,
            times=0,
            effect="after",
            reset=True,
            hide=Hide(30, "all"),
        ),
        Fault(status=503, html="<p>", headers={"Retry-After": "3", "X-Ratelimit-Reset": None}),
        Fault(status=500, json=None),
        Fault(delay=1.5),
    )
    assert faults.rate == Rate(account=100, route=5, window=2.5, headers="past")
    assert faults.fired == []


def test_there_may_be_none():
    for text in ("{}", '{"faults": [], "rate": {}}'):
        faults = Faults.from_text(text)
        assert (faults.faults, faults.rate) == ((), Rate())


def test_rate_leaves_options_that_it_does_not_name():
    options = Options(global_limit=7, window_seconds=3)
    assert Rate().applied(options) == options
    assert Rate(route=2, window=1).applied(options) == Options(
        global_limit=7, route_limit=2, window_seconds=1
    )


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        (5, "faults[0] must be an object."),
        ({"stauts": 500}, "faults[0].stauts is unknown: faults[0] may have method, path, nth, times, effect, "),
        ({"method": "get", "delay": 1}, "faults[0].method must be one of GET, POST, PATCH, PUT, DELETE, unlike 'get'."),
        ({"method": [], "delay": 1}, "faults[0].method must be one of GET, POST, PATCH, PUT, DELETE, unlike []."),
        ({"path": "api", "delay": 1}, "faults[0].path must be a glob that begins with '/' or '*', unlike 'api'."),
        ({"path": 5, "delay": 1}, "faults[0].path must be a string, unlike 5."),
        ({"nth": 0, "delay": 1}, "faults[0].nth must be a whole number of at least 1, unlike 0."),
        ({"nth": True, "delay": 1}, "faults[0].nth must be a whole number of at least 1, unlike True."),
        ({"nth": 1.5, "delay": 1}, "faults[0].nth must be a whole number of at least 1, unlike 1.5."),
        ({"times": -1, "delay": 1}, "faults[0].times must be a whole number of at least 0, unlike -1."),
        ({"effect": "no", "delay": 1}, "faults[0].effect must be one of before, after, unlike 'no'."),
        ({"delay": -1}, "faults[0].delay must be a number of seconds, unlike -1."),
        ({"delay": "1"}, "faults[0].delay must be a number of seconds, unlike '1'."),
        ({"delay": 10**400}, "faults[0].delay must be a number of seconds, unlike 1000"),
        ({"status": 200}, "faults[0].status must be a whole number from 400 to 599, unlike 200."),
        ({"status": 600}, "faults[0].status must be a whole number from 400 to 599, unlike 600."),
        ({"status": "500"}, "faults[0].status must be a whole number from 400 to 599, unlike '500'."),
        ({"status": 500, "text": 5}, "faults[0].text must be a string, unlike 5."),
        ({"status": 500, "html": "\ud800"}, "faults[0].html has half of a surrogate pair, which can't be sent."),
        ({"status": 500, "empty": 1}, "faults[0].empty must be true or false, unlike 1."),
        ({"reset": "after"}, "faults[0].reset must be true or false, unlike 'after'."),
        ({"headers": []}, "faults[0].headers must be an object, unlike []."),
        ({"headers": {"a b": "c"}}, "faults[0].headers has a name that no header can have: 'a b'."),
        ({"headers": {"a": "b\r\nc"}}, "faults[0].headers.a must be a string of plain ASCII, or null, unlike 'b\\r\\nc'."),
        ({"headers": {"a": 5}}, "faults[0].headers.a must be a string of plain ASCII, or null, unlike 5."),
        ({"headers": {"Content-Length": "5"}}, "faults[0].headers.Content-Length can't be given: it would break the answer itself."),
        ({"hide": 30}, "faults[0].hide must be an object."),
        ({"hide": {}}, "faults[0].hide.seconds is missing."),
        ({"hide": {"seconds": 0}}, "faults[0].hide.seconds must be above 0."),
        ({"hide": {"seconds": 1, "reads": "some"}}, "faults[0].hide.reads must be one of lists, all, unlike 'some'."),
        ({"hide": {"seconds": 1, "from": "all"}}, "faults[0].hide.from is unknown: hide may have seconds, reads."),
        ({}, "faults[0].status, headers, reset, truncate, delay or hide is missing: nothing would happen."),
        ({"method": "GET"}, "faults[0].status, headers, reset, truncate, delay or hide is missing: nothing would happen."),
        ({"status": 500, "reset": True}, "faults[0].reset can't stand beside status: make two faults of them."),
        ({"reset": True, "truncate": True}, "faults[0].truncate can't stand beside reset: make two faults of them."),
        ({"text": "", "delay": 1}, "faults[0].text is the body of an answer, which needs a status."),
        ({"json": False, "delay": 1}, "faults[0].json is the body of an answer, which needs a status."),
        ({"status": 500, "json": None, "empty": True}, "faults[0].empty can't stand beside json: an answer has one body."),
        ({"headers": {"a": "b"}, "reset": True}, "faults[0].headers can't stand beside reset: there is no answer to carry them."),
        ({"method": "GET", "hide": {"seconds": 1}}, "faults[0].method must be POST beside hide, which hides what is created."),
        ({"reset": True, "hide": {"seconds": 1}}, 'faults[0].effect must be "after" beside hide: else nothing is created.'),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_in_a_sentence(entry, sentence):
    with pytest.raises(FaultError) as caught:
        Faults.from_json({"faults": [entry]})
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "It is not valid JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        (b"\xff\xff", "It is not valid JSON: write plain objects and arrays in UTF-8."),
        ("[" * 100_000, "It is not valid JSON: write plain objects and arrays in UTF-8."),
        ("[]", "The document must be an object."),
        ('{"fault": []}', "The document.fault is unknown: The document may have $schema, faults, rate."),
        ('{"faults": {}}', "faults must be an array."),
        ('{"faults": "x"}', "faults must be an array."),
        (
            '{"faults": [{"delay": 1}, {"delay": NaN}]}',
            "faults[1].delay must be a number of seconds, unlike nan.",
        ),
        ('{"faults": [{"status": 500, "json": [NaN]}]}', "faults[0].json must be a JSON value."),
        ('{"faults": [{"delay": 1, "delay": 2}]}', "The member 'delay' stands twice in one object."),
        ('{"rate": []}', "rate must be an object."),
        ('{"rate": {"global": -1}}', "rate.global must be a whole number of at least 0, unlike -1."),
        ('{"rate": {"route": "5"}}', "rate.route must be a whole number of at least 0, unlike '5'."),
        ('{"rate": {"window": 0}}', "rate.window must be above 0."),
        (
            '{"rate": {"headers": "some"}}',
            "rate.headers must be one of all, none, retry-after, past, unparsable, constant, unlike 'some'.",
        ),
        (
            '{"rate": {"account": 5}}',
            "rate.account is unknown: rate may have global, route, window, headers.",
        ),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(FaultError) as caught:
        Faults.from_text(text)
    assert str(caught.value) == sentence


def test_objects_are_checked_too():
    with pytest.raises(FaultError, match=r"^status must be a whole number from 400 to 599, unlike 200$"):
        Fault(status=200)
    with pytest.raises(FaultError, match=r"^json must be a JSON value$"):
        Fault(status=500, json={"a": object()})  # type: ignore[dict-item]
    with pytest.raises(FaultError, match=r"^hide must be an object"):
        Fault(hide=30)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        (None, "/anything/at/all", True),
        ("/api/v2/projects", "/api/v2/projects", True),
        ("/api/v2/projects", "/api/v2/projects/a", False),
        ("/api/v2/projects/*", "/api/v2/projects/a/environments/b", True),
        ("*/environments/?", "/api/v2/projects/a/environments/b", True),
        ("*/environments/[!b]", "/api/v2/projects/a/environments/b", False),
        ("/a.c", "/abc", False),
        ("/A", "/a", False),
        ("/a", "/a\n", False),
    ],
)
def test_a_path_is_a_glob(pattern, path, matches):
    assert bool(Faults([Fault(path=pattern, delay=1)]).take("GET", path)) is matches


def test_requests_are_counted_in_the_order_of_their_arrival():
    faults = Faults(
        [
            Fault(method="GET", nth=2, delay=1),
            Fault(method="GET", nth=3, times=2, delay=1),
            Fault(path="/b", times=0, delay=1),
        ]
    )

    def taken(*requests):
        return [[index for index, _ in faults.take(*request.split())] for request in requests]

    row = ["GET /a", "POST /a", "GET /b", "GET /a", "GET /a", "POST /b", "GET /a"]
    expected = [[], [], [0, 2], [1], [1], [2], []]
    assert taken(*row) == expected
    faults.reset()
    assert taken(*row) == expected


# What each member may be given as, right and wrong.
POOL = {
    "method": [None, "GET", "POST", "get", 5],
    "path": [None, "/a", "*", "a", "", 5],
    "nth": [1, 2.0, 1.5, 0, True, None],
    "times": [0, 3, -1, "1"],
    "effect": ["before", "after", "during", None],
    "delay": [0, 0.0, 2, 0.5, -1, "1", None, True],
    "status": [None, 400, 599.0, 399, 600, "500", 500.5],
    "json": [None, False, {"a": [1]}, "x"],
    "text": [None, "", "x", 5],
    "html": [None, "", "<p>", []],
    "empty": [True, False, 1, None],
    "headers": [
        {},
        {"A": "b"},
        {"A": None},
        {"A": ""},
        {"A": " b"},
        {"a b": "c"},
        {"CONTENT-length": "1"},
        {"A": 1},
        None,
    ],
    "reset": [True, False, 1],
    "truncate": [True, False, "yes"],
    "hide": [None, {"seconds": 1}, {"seconds": 0.5, "reads": "all"}, {}, {"seconds": 0}, {"reads": "all"}, 3],
    "unknown": [1],
}
RATES = {
    "global": [None, 0, 5, 5.0, -1, 1.5, "1", True],
    "route": [None, 3, -3],
    "window": [None, 1, 0.1, 0, -1, "1"],
    "headers": ["all", "none", "retry-after", "past", "unparsable", "constant", "some", None],
    "more": [1],
}


def _entries():
    yield {}
    for name, values in POOL.items():
        for value in values:
            yield {name: value}
            yield {"status": 500, name: value}
            yield {"delay": 1, name: value}
            yield {"hide": {"seconds": 1}, name: value}
    for (one, ones), (other, others) in itertools.combinations(POOL.items(), 2):
        for a, b in itertools.product(ones, others):
            yield {one: a, other: b}
    chance = random.Random(3)
    for _ in range(3_000):
        names = chance.sample(sorted(POOL), chance.randint(2, 6))
        yield {name: chance.choice(POOL[name]) for name in names}


def _loads(document) -> bool:
    try:
        Faults.from_json(document)
    except FaultError:
        return False
    return True


def test_the_schema_takes_what_the_loader_takes_and_nothing_else():
    schema = faults_schema()
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for(json.dumps(schema))
    taken = 0
    documents = [{"faults": [entry]} for entry in _entries()]
    documents += [{"rate": {name: value}} for name, values in RATES.items() for value in values]
    documents += [{}, [], {"faults": {}}, {"faults": [5]}, {"rate": 5}, {"$schema": "x"}, {"more": 1}]
    for document in documents:
        loads = _loads(document)
        taken += loads
        assert validator.is_valid(document) is loads, document
    assert taken > 300
