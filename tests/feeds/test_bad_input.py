"""Every case of bad input in every form that can carry it: counted, told, never lost or altered."""

from __future__ import annotations

import pytest

from forecasting.errors import VigistockError
from forecasting.feeds import Profile, Reading, load_profile, read
from forecasting.feeds.profile import parse_profile
from tests.feeds.cases import CASES, PROFILES, TODAY, Case
from tests.feeds.exports import assert_balanced, faults, rows

FORMS = {
    f"{title}, as {name}": (case, name, body, shift)
    for title, case in CASES.items()
    for name, body, shift in case.forms()
}


def profile_of(case: Case) -> Profile:
    own = PROFILES.get(case.profile)
    return parse_profile(own, name=case.profile) if own else load_profile(case.profile)


def reading_of(case: Case, name: str, body: bytes) -> Reading:
    return read(body, case.feed, profile_of(case), name=name, today=TODAY)


def test_there_are_cases_enough() -> None:
    assert len(CASES) >= 45


@pytest.mark.parametrize(("case", "name", "body", "shift"), FORMS.values(), ids=FORMS)
def test_bad_input(case: Case, name: str, body: bytes, shift: int) -> None:
    if case.refused:
        with pytest.raises(VigistockError) as refusal:
            reading_of(case, name, body)
        assert refusal.value.code == case.refused.code
        assert case.refused.problem in refusal.value.message
        assert case.refused.next_step in refusal.value.next_step
        return
    reading = reading_of(case, name, body)
    assert faults(reading) == [(line + shift, *rest) for line, *rest in case.rejects]
    assert reading.duplicates == case.duplicates
    assert reading.accepted == len(case.kept), "no case here adds rows up"
    assert_balanced(reading)
    kept = rows(reading)
    assert [{key: row[key] for key in told} for row, told in zip(kept, case.kept, strict=True)] == [
        dict(told) for told in case.kept
    ]
    for words in case.notes:
        assert any(words in note for note in reading.notes), (words, reading.notes)
    assert all(reading.rejects["message"])
    assert all(reading.rejects["raw"])
