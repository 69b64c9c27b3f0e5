"""Chances of running out against the field, on generated stock cards."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from benchmarks.risk import __main__ as command
from benchmarks.risk.backorders import learns
from benchmarks.risk.measures import Precision, interval_of_precision, measures
from benchmarks.risk.snapshot_file import read_snapshots
from models.risk.snapshots import FLAGS


def cards(rows: int, seed: int) -> pd.DataFrame:
    """Backorders come where the forecast of the lead time exceeds what there is."""
    luck = np.random.default_rng(seed)
    monthly = luck.gamma(0.7, 20.0, rows).round()
    on_hand = (monthly * luck.gamma(2.0, 2.0, rows)).round()
    lead = luck.choice([2.0, 8.0, 12.0], rows)
    short = monthly * lead * 12 / 52 - on_hand
    chance = 1 / (1 + np.exp(-(short / (monthly + 5) - 2.0)))
    frame = pd.DataFrame({"sku": np.arange(rows) + 3_000_000, "national_inv": on_hand})
    frame["lead_time"] = np.where(luck.random(rows) < 0.1, np.nan, lead)
    frame["in_transit_qty"] = 0.0
    for months in (3, 6, 9):
        frame[f"forecast_{months}_month"] = monthly * months
    for months in (1, 3, 6, 9):
        frame[f"sales_{months}_month"] = luck.poisson(monthly * months)
    for name in ("min_bank", "pieces_past_due", "local_bo_qty"):
        frame[name] = luck.poisson(0.2, rows)
    frame["perf_6_month_avg"] = np.where(luck.random(rows) < 0.1, -99.0, 0.8)
    frame["perf_12_month_avg"] = 0.7
    for name in FLAGS:
        frame[name] = np.where(luck.random(rows) < 0.1, "Yes", "No")
    frame["went_on_backorder"] = np.where(luck.random(rows) < chance, "Yes", "No")
    return frame


def run(*given: object) -> int:
    return command.main(["--data", "backorders", *(str(one) for one in given)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The split file, a file to learn from, and one to test with a footer and without labels."""
    made = tmp_path_factory.mktemp("backorders")
    cards(3_000, 1).to_csv(made / "snapshots_70pct.csv.gz", index=False)
    cards(2_000, 2).to_csv(made / "train.csv", index=False)
    test = cards(300, 3)
    test.loc[7, "sku"] = test.loc[6, "sku"]
    footer = "(300 rows)" + "," * (test.shape[1] - 2)
    text = test.drop(columns="went_on_backorder").to_csv(index=False)
    (made / "unlabelled.csv").write_text(f"{text}{footer}\n\n")
    test.to_csv(made / "labelled.csv", index=False)
    return made


def test_side_by_side(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = run("--dir", folder, "--seeds", "1,2")
    told = capsys.readouterr().out
    assert "configurations were tried" in told
    for method in ("cover over lead time", "logistic", "forest", "boosting, raw", "Vigistock"):
        assert told.count(f"\n{method}") == 2, "on all rows and at risk"
    assert told.count("  seed 2") == 2
    promised = told.partition("must show")[2].strip().splitlines()
    assert len(promised) == 4
    assert code == int(any("NO " in line for line in promised))


def test_broken_promises_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = cards(2_000, 4)
    luck = np.random.default_rng(0).permutation(len(random))
    random["went_on_backorder"] = random["went_on_backorder"].to_numpy()[luck]
    random.to_csv(folder / "random.csv", index=False)
    assert run("--train", folder / "random.csv", "--test", folder / "labelled.csv") == 1
    assert "NO   ROC, all rows, at least 0.935" in capsys.readouterr().out


def test_predictions_have_one_row_for_each_data_row(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {name: folder / f"{name}.out.csv" for name in ("unlabelled", "labelled")}
    for name, file in files.items():
        run(
            "--train", folder / "train.csv", "--test", folder / f"{name}.csv", "--predictions", file
        )
    assert "no labels: nothing to score" in capsys.readouterr().out
    with files["unlabelled"].open(newline="") as opened:
        header, *rows = csv.reader(opened)
    assert header == ["sku", "probability"]
    truth = pd.read_csv(folder / "labelled.csv")
    assert [sku for sku, _ in rows] == truth["sku"].astype(str).tolist()
    chance = np.array([float(one) for _, one in rows])
    assert ((chance > 0) & (chance < 1)).all()
    assert chance[(truth["went_on_backorder"] == "Yes").to_numpy()].mean() > 1.5 * chance.mean()
    assert files["labelled"].read_bytes() == files["unlabelled"].read_bytes(), "labels are not seen"


def test_the_split_is_by_sku_and_always_the_same() -> None:
    chosen = [learns(str(sku)) for sku in range(4_000)]
    assert np.mean(chosen) == pytest.approx(0.7, abs=0.03)
    assert chosen == [learns(str(sku)) for sku in range(4_000)]


def test_missing_data_is_said_loudly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--dir", tmp_path) == 0
    assert capsys.readouterr().out.startswith("SKIPPED")


BROKEN = {
    "a word in a number": ("5,national_inv", "many", r"line 5: column 'national_inv' holds 'many'"),
    "a flag": ("3,deck_risk", "oui", "line 3: column 'deck_risk' holds 'oui', which is not Yes or"),
    "infinity": ("2,sales_1_month", "inf", "line 2: column 'sales_1_month' holds 'inf'"),
    "no label": ("4,went_on_backorder", "", "line 4: column 'went_on_backorder' holds ''"),
    "no key": ("6,sku", "", "line 6: column 'sku' is blank"),
    "a cell too many": ("3,rev_stop", "No,No", "line 3: 24 cells where the header has 23"),
    "a column less": (
        "1,lead_time",
        "lead_tim",
        "line 1: missing column.* Did you mean",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bad_file_is_told_by_line_and_column(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where, cell, words = BROKEN[case]
    line, _, column = where.partition(",")
    frame = cards(60, 1)
    rows = [frame.columns.tolist(), *frame.astype(str).to_numpy().tolist()]
    rows[int(line) - 1][frame.columns.get_loc(column)] = cell
    file = tmp_path / "bad.csv"
    file.write_text("\n".join(",".join(row) for row in rows))
    assert run("--train", file, "--test", file) == 2
    told = capsys.readouterr().err
    assert str(file) in told
    assert pd.Series([told]).str.contains(words).all(), told


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["--train", "a.csv"], "--train and --test come together"),
        (["--seeds", "1,b"], "invalid seeds value: '1,b'"),
        (["--predictions", "nowhere/found.csv"], "there is no folder nowhere"),
    ],
    ids=["one file", "seeds", "folder"],
)
def test_wrong_options_are_told(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        run(*given)
    assert words in capsys.readouterr().err


def test_files_that_are_no_tables_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packed = gzip.compress(cards(500, 1).to_csv(index=False).encode())
    bad = {"cut.csv.gz": packed[:-900], "plain.csv.gz": b"sku\n1\n", "latin.csv": b"sku\n\xe9\n"}
    for name, content in {**bad, "empty.csv": b""}.items():
        (tmp_path / name).write_bytes(content)
        assert run("--train", tmp_path / name, "--test", tmp_path / name) == 2
        assert name in capsys.readouterr().err
    assert run("--train", tmp_path / "none.csv", "--test", tmp_path / "none.csv") == 2
    assert "No such file" in capsys.readouterr().err


def test_a_file_reads_as_pandas_reads_it(folder: Path) -> None:
    read, expected = read_snapshots(folder / "train.csv"), pd.read_csv(folder / "train.csv")
    assert read.event is not None
    assert (read.event == (expected["went_on_backorder"] == "Yes")).all()
    assert read.sku.tolist() == expected["sku"].astype(str).tolist()
    expected = expected[read.frame.columns]
    pd.testing.assert_frame_equal(read.frame, expected, check_dtype=False)


def test_average_precision_under_weights_is_scikit_learns() -> None:
    luck = np.random.default_rng(1)
    score, weights = luck.integers(0, 9, 200).astype(float), luck.integers(0, 3, 200).astype(float)
    event = luck.random(200) < 0.2
    expected = average_precision_score(event, score, sample_weight=weights)
    assert Precision(event, score).under(weights) == pytest.approx(expected)


def test_intervals_hold_the_figure_and_widen_with_repeated_skus() -> None:
    luck = np.random.default_rng(1)
    score = luck.random(400)
    event = luck.random(400) < score**2
    sku = np.arange(400).astype(object)
    value, gain = interval_of_precision(event, sku, [score], luck.random(400))
    assert value[0] < average_precision_score(event, score) < value[1]
    assert gain[0] > 0
    four = [np.repeat(one[:100], 4) for one in (event, score, sku)]
    wide, _ = interval_of_precision(four[0], four[2], [four[1]], four[1])
    single, _ = interval_of_precision(event[:100], sku[:100], [score[:100]], score[:100])
    assert wide == pytest.approx(single), "repeats of a SKU say nothing new"


def test_true_chances_have_skill_and_base_rates_none() -> None:
    luck = np.random.default_rng(1)
    chance = luck.beta(0.3, 3.0, 20_000)
    event = luck.random(20_000) < chance
    true = measures(event, chance, event.mean(), chances=True)
    flat = measures(event, np.full(20_000, event.mean()), event.mean(), chances=True)
    assert true["ECE"] < 0.01
    assert true["BSS"] > 0.1
    assert flat["BSS"] == pytest.approx(0)
    assert flat["AP"] == pytest.approx(event.mean())
    assert true["P5"] > 4 * event.mean()
