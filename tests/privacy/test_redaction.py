"""What names a person is found however it is written, and nothing else is touched."""

from __future__ import annotations

import pytest

from shared.privacy.redaction import MARK, Redactor

WANG = {"name": "王建国", "phone": "138 0013 8000", "mail": "wang.jg@example.com"}
REDACTOR = Redactor(WANG, unique_name=True)


@pytest.mark.parametrize(
    "written",
    [
        "13800138000", "138-0013-8000", "+86 138 0013 8000", "0086-13800138000", "１３８００１３８０００",
        "138（0013）8000", "wang.jg@example.com", "WANG.JG@Example.COM", "王建国", "王 建国",
    ],
)  # fmt: skip
def test_a_value_is_found_however_it_is_written(written: str) -> None:
    assert REDACTOR.text(f"与客户谈妥，联系{written}，下周回复") == f"与客户谈妥，联系{MARK}，下周回复"


@pytest.mark.parametrize(
    "other", ["113800138000", "138001380001", "xwang.jg@example.com", "wang.jg@example.comm", "王建军", "138001380"]
)
def test_other_values_stay(other: str) -> None:
    assert REDACTOR.text(f"联系 {other} 即可") == f"联系 {other} 即可"


def test_a_name_others_have_is_taken_out_only_where_the_text_is_about_the_person() -> None:
    common = Redactor(WANG, unique_name=False)
    assert common.text("王建国来访") == "王建国来访"
    assert common.text("王建国来访", about=True) == f"{MARK}来访"
    assert common.text("王建国 13800138000") == f"{MARK} {MARK}"
    assert common.lines("王建国,13800138000\n王建国,139\n") == f"{MARK},{MARK}\n王建国,139\n"


def test_a_short_name_is_no_part_of_other_words() -> None:
    short = Redactor({"name": "高兴"}, unique_name=True)
    assert short.text("客户很高兴") == "客户很高兴"
    assert short.text("高兴总来访", about=True) == f"{MARK}总来访"
    assert Redactor({"name": "王"}, unique_name=True).empty
    latin = Redactor({"name": "Ann"}, unique_name=True)
    assert latin.text("Anna met ann, planning") == f"Anna met {MARK}, planning"


def test_all_texts_of_a_json_value_are_looked_at() -> None:
    assert REDACTOR.value({"file": "王建国.csv", "n": 1, "rows": ["x", {"a": "13800138000"}], "none": None}) == {
        "file": f"{MARK}.csv",
        "n": 1,
        "rows": ["x", {"a": MARK}],
        "none": None,
    }
