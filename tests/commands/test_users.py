"""`vigistock users`: made, listed, given another password, closed."""

from __future__ import annotations

import pytest

from api.users import opens
from tests.api.published import workspace_in
from tests.commands.conftest import Vigistock
from tests.pages.test_users import users_in

PASSWORD = "quatre mots sans suite"


def test_the_life_of_a_user(vigistock: Vigistock, folder: str) -> None:
    workspace = workspace_in(folder)  # type: ignore[arg-type]
    made = vigistock(
        *("users", "create", "Ines", "--scope", "planner", "--site", "LYON", "--stdin", "--json"),
        input=PASSWORD + "\n",
    ).json
    assert (made["user"], made["scope"], made["sites"]) == ("ines", "planner", ["LYON"])
    assert "password" not in str(made)
    listed = vigistock("users", "list").out
    for word in ("ines", "planner, LYON", "live"):
        assert word in " ".join(listed.split())
    asked = vigistock("users", "password", "ines", input="another phrase\nanother phrase\n")
    assert asked.code == 0
    assert "another phrase" not in asked.out + asked.err
    with users_in(workspace) as users:
        assert opens(users.named("ines"), "another phrase")
    assert "no longer" in vigistock("users", "disable", "Ines").out
    (kept,) = vigistock("users", "list", "--json").json["users"]
    assert kept["state"] == "disabled"
    assert vigistock("users", "enable", "ines", "--json").json["state"] == "live"


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (("create", "ines", "--stdin"), "short\n", 2),
        (("create", "ines", "--scope", "boss", "--stdin"), PASSWORD, 2),
        (("create", "ines", "--site", " ", "--stdin"), PASSWORD, 2),
        (("create", " ", "--stdin"), PASSWORD, 2),
        (("password", "nobody", "--stdin"), PASSWORD, 2),
        (("disable", "nobody"), "", 2),
        (("create", "ada", "--stdin"), PASSWORD, 4),
    ],
)
def test_what_is_refused(
    ready: Vigistock, arguments: tuple[str, ...], typed: str, code: int
) -> None:
    ready("users", "create", "ada", "--stdin", input=PASSWORD)
    answer = ready("users", *arguments, input=typed)
    assert answer.code == code
    assert len(ready("users", "list", "--json").json["users"]) == 1
