"""The host and the token as users give them."""

import pytest

from reconciler.live.host import DEFAULT_HOST, base_url, checked_token, is_loopback
from reconciler.model.errors import UsageError


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (DEFAULT_HOST, "https://app.launchdarkly.com"),
        ("https://app.eu.launchdarkly.com", "https://app.eu.launchdarkly.com"),
        ("https://app.launchdarkly.us/", "https://app.launchdarkly.us"),
        ("HTTPS://App.LaunchDarkly.Com:443", "https://app.launchdarkly.com"),
        ("app.launchdarkly.com.", "https://app.launchdarkly.com"),
        ("proxy.internal:8443", "https://proxy.internal:8443"),
        ("10.0.0.1", "https://10.0.0.1"),
        ("localhost", "https://localhost"),
        ("http://localhost:8901", "http://localhost:8901"),
        ("http://127.0.0.1:8901/", "http://127.0.0.1:8901"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:8901", "http://[::1]:8901"),
        ("[2001:db8::1]", "https://[2001:db8::1]"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
    ],
)
def test_a_host_becomes_an_origin(host: str, url: str) -> None:
    assert base_url(host) == url


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("", "is empty"),
        (" ", "white space"),
        ("app.launchdarkly.com ", "white space"),
        ("app.launchdarkly.com\n", "white space"),
        ("app\x00.com", "white space"),
        ("app\u202e.com", "white space"),
        ("bücher.example", "non-ASCII"),
        ("http://app.launchdarkly.com", "use https://app.launchdarkly.com"),
        ("http://10.0.0.1:8901", "unencrypted"),
        ("http://0.0.0.0", "unencrypted"),
        ("http://127.1", "unencrypted"),
        ("http://0x7f.0.0.1", "unencrypted"),
        ("http://localhost.example.com", "unencrypted"),
        ("http://127.0.0.1.example.com", "unencrypted"),
        ("http://[::2]", "unencrypted"),
        ("ftp://app.launchdarkly.com", "not https"),
        ("javascript://x", "not https"),
        ("://x", "not https"),
        ("https://", "not a host name"),
        ("https:///x", "a path"),
        ("user:hunter2@app.launchdarkly.com", "user name"),
        ("https://user@app.launchdarkly.com", "user name"),
        ("http://127.0.0.1:80@evil.example", "user name"),
        ("app.launchdarkly.com/api/v2", "leave it out"),
        ("https://app.launchdarkly.com/api/v2/", "leave it out"),
        ("app.launchdarkly.com/projects", "a path"),
        ("app.launchdarkly.com//", "a path"),
        ("app.launchdarkly.com?x=1", "query"),
        ("app.launchdarkly.com?", "query"),
        ("app.launchdarkly.com#x", "fragment"),
        ("app.launchdarkly.com:http", "port"),
        ("app.launchdarkly.com:0", "port"),
        ("app.launchdarkly.com:", "port"),
        ("app.launchdarkly.com:65536", "port"),
        ("app.launchdarkly.com:-1", "port"),
        ("https://[::1", "none"),
        ("https://[::1%25eth0]", "host name"),
        ("https://[v1.x]", "The host https://[v1.x]"),
        ("app..launchdarkly.com", "host name"),
        ("-app.com", "host name"),
        ("a" * 64 + ".com", "host name"),
        ("app.launchdarkly.com%2f", "host name"),
        ("app.launchdarkly.com\\@evil", "user name"),
        ("app\\x", "backslash"),
        ("::1", "none"),
        (".".join(["a" * 60] * 5), "host name"),
    ],
)
def test_everything_else_is_refused_in_one_sentence(host: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        base_url(host)
    text = str(caught.value)
    assert says in text
    assert "hunter2" not in text
    assert text.isprintable()
    assert len(text) < 300


def test_loopback_is_this_machine_only() -> None:
    assert all(is_loopback(name) for name in ("localhost", "127.0.0.1", "127.255.0.1", "::1"))
    assert not any(is_loopback(name) for name in ("", "sandbox", "128.0.0.1", "::2", "localhost.example.com"))


@pytest.mark.parametrize("token", ["api-1234", "  api-1234\n", "\tapi-1234\r\n", "anything", "eyJ.x-_~+/="])
def test_a_token_is_taken_without_the_white_space_around_it(token: str) -> None:
    assert checked_token(token, "LAUNCHDARKLY_ACCESS_TOKEN") == token.strip()


@pytest.mark.parametrize(
    ("token", "says"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ("Bearer api-5ecret", "bare token"),
        ("bearer api-5ecret", "bare token"),
        ("Bearer", "bare token"),
        ("'api-5ecret'", "quotes"),
        ('"api-5ecret"', "quotes"),
        ("api-5ecret api-5ecret", "white space"),
        ("api-5ecret\nX-Other: 5ecret", "white space"),
        ("api-5ecret\x00", "control"),
        ("api-5ecret\u00e9", "non-ASCII"),
        ("\ufeffapi-5ecret", "non-ASCII"),
        ("5ecret" * 1000, "too long"),
        ("sdk-5ecret", "an SDK key"),
        ("mob-5ecret", "a mobile key"),
    ],
)
def test_what_is_no_access_token_is_refused_without_showing_it(token: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        checked_token(token, "LAUNCHDARKLY_ACCESS_TOKEN")
    text = str(caught.value)
    assert says in text
    assert text.startswith("LAUNCHDARKLY_ACCESS_TOKEN ")
    assert "5ecret" not in text
