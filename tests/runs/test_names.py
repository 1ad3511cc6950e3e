"""Aliases, choices, and the refusal to guess."""

import pytest

from scalelaw.errors import RunsError
from scalelaw.runs import COLUMNS, resolve

ALIASES = [(alias, column.name) for column in COLUMNS for alias in column.aliases]


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_every_alias_is_understood_in_any_case(alias, name):
    for spelling in (alias, alias.upper(), alias.title()):
        assert resolve([spelling]) == {spelling: name}


def test_no_alias_stands_for_two_columns():
    assert len({alias for alias, _ in ALIASES}) == len(ALIASES)
    assert not {alias for alias, _ in ALIASES} & {column.name for column in COLUMNS}


@pytest.mark.parametrize(
    ("spelling", "name"),
    [("val/loss", "loss"), ("Eval Loss", "loss"), ("eval-loss", "loss"), ("Training FLOP", "C"), ("LOSS", "loss")],
)
def test_punctuation_and_case_do_not_matter(spelling, name):
    assert resolve([spelling]) == {spelling: name}


@pytest.mark.parametrize("letter", ["n", "d", "c", "p"])
def test_a_small_letter_is_not_a_capital(letter):
    assert resolve([letter]) == {letter: letter}


def test_the_schema_spelling_wins_over_another_case_of_itself():
    assert resolve(["loss", "Loss"]) == {"loss": "loss", "Loss": "Loss"}


@pytest.mark.parametrize("names", [["N", "params"], ["params", "num_params"], ["N", "params", "model_size"]])
def test_two_candidates_are_refused_by_name(names):
    with pytest.raises(RunsError) as caught:
        resolve(names)
    assert all(repr(name) in str(caught.value) for name in names)
    assert "--column N=" in str(caught.value)
    assert 'columns={"N"' in str(caught.value)


def test_all_ambiguities_are_told_at_once():
    with pytest.raises(RunsError) as caught:
        resolve(["N", "params", "loss", "eval_loss"])
    assert len(caught.value.faults) == 2


def test_a_choice_settles_it_and_keeps_the_rest():
    new = resolve(["N", "params", "loss"], {"N": "params"})
    assert new == {"N": "other_N", "params": "N", "loss": "loss"}
    assert resolve(new.values()) == {name: name for name in new.values()}


def test_choosing_a_column_for_itself_settles_it():
    assert resolve(["N", "params"], {"N": "N"}) == {"N": "N", "params": "other_params"}


def test_a_schema_column_can_be_another():
    assert resolve(["N", "N_backbone"], {"N": "N_backbone"}) == {"N": "other_N", "N_backbone": "N"}


def test_a_column_of_ones_own_can_be_named():
    assert resolve(["w"], {"width": "w"}) == {"w": "width"}


@pytest.mark.parametrize(
    ("names", "chosen", "message"),
    [
        (["a"], {"N": "b"}, "there is no column 'b' to use as 'N'; the table has 'a'"),
        (["a"], {"N": "a", "D": "a"}, "column 'a' was chosen for two columns"),
        (["N", "other_N", "a"], {"N": "a"}, "two columns would be called 'other_N'"),
    ],
)
def test_choices_that_cannot_be(names, chosen, message):
    with pytest.raises(RunsError, match=message):
        resolve(names, chosen)
