"""Every case of bad input, pushed: the same counts and rejects as by command, and never a 5xx."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from api.pushing import FORMS
from api.schemas.deliveries import DeliveryReceipt
from tests.api.published import workspace_in
from tests.api.serving import serving
from tests.feeds.cases import CASES, PROFILES, Case

KINDS = {ending: kind for kind, ending in FORMS.items()}
"""What a form is called over HTTP; XLSX comes by command only."""

PUSHED = {
    f"{title}, as {name}": (case, name, body, shift)
    for title, case in CASES.items()
    for name, body, shift in case.forms()
    if not name.endswith((".xlsx", ".gz"))
}


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    workspace = workspace_in(tmp_path_factory.mktemp("cases") / "w")
    (workspace.folder / "profiles").mkdir()
    for name, text in PROFILES.items():
        (workspace.folder / "profiles" / f"{name}.toml").write_text(text)
    with serving(workspace) as client:
        yield client


def depends_on_the_clock(case: Case) -> bool:
    return any(code == "in_the_future" for _, _, code in case.rejects) or any(
        "a date after" in words for words in case.notes
    )


@pytest.mark.parametrize(("case", "name", "body", "shift"), PUSHED.values(), ids=PUSHED)
def test_bad_input_over_http(
    erp: httpx.Client, case: Case, name: str, body: bytes, shift: int
) -> None:
    ending = next((one for one in KINDS if name.endswith(one)), "")
    told = erp.post(
        f"/v1/feeds/{case.feed}",
        params={"check": True, "profile": case.profile, "name": name},
        content=body,
        headers={"Content-Type": KINDS[ending or ".csv"], "Idempotency-Key": "a case"},
    )
    if case.refused:
        problem = told.json()
        assert told.status_code == 422
        assert told.headers["Content-Type"] == "application/problem+json"
        assert problem["code"] == case.refused.code
        if ending:  # else it claims to be a CSV, and is told what it is instead
            assert case.refused.next_step in problem["next_step"]
        return
    assert told.status_code == 200, told.text
    receipt = told.json()
    DeliveryReceipt.model_validate(receipt)
    assert receipt["read"] == receipt["accepted"] + receipt["rejected"] + receipt["duplicates"]
    if depends_on_the_clock(case):
        return
    assert receipt["accepted"] == len(case.kept)
    found = [(one["line"], one["column"], one["code"]) for one in receipt["examples"]]
    assert found == [(line + shift, *rest) for line, *rest in case.rejects][:5]
    for words in case.notes:
        assert any(words in note for note in receipt["notes"])
