"""`alarms` of a publication, in both languages."""

from __future__ import annotations

from api.schemas.pulls import PublicationDetail
from models.health import Alarm, Sign
from models.workspace import Workspace
from tests.api.keyed import bearer, key
from tests.api.published import publish
from tests.api.serving import serving

ODD = Alarm(Sign.SILENT, "sales", 0.0, 2.0, ("NICE",), 1)


def test_a_publication_says_what_looked_odd(own_workspace: Workspace) -> None:
    publish(own_workspace, as_of="2026-11-22", alarms=[ODD])
    every, one_site = (bearer(key(own_workspace, "erp", *sites)) for sites in ((), ("LYON",)))
    with serving(own_workspace) as client:
        whole, limited = (
            client.get("/v1/publications/1", headers=headers) for headers in (every, one_site)
        )
    found = PublicationDetail.model_validate(whole.json())
    assert limited.status_code == 200
    assert limited.json()["alarms"] == [], "they speak of every site"
    (alarm,) = found.alarms
    assert (alarm.sign, alarm.subjects) == ("silent", ["NICE"])
    assert "NICE sent no rows" in alarm.text_en
    assert "rien de NICE" in alarm.text_fr


def test_the_morning_page_tells_it_to_those_who_see_every_site(own_workspace: Workspace) -> None:
    publish(own_workspace, as_of="2026-11-22", alarms=[ODD])
    every, one_site = (bearer(key(own_workspace, "planner", *sites)) for sites in ((), ("LYON",)))
    with serving(own_workspace) as client:
        whole, limited = (client.get("/", headers=headers) for headers in (every, one_site))
    assert (whole.status_code, limited.status_code) == (200, 200)
    assert "rien de NICE" in whole.text
    assert "NICE" not in limited.text
