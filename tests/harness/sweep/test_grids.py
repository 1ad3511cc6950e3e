"""grid: every combination, each cell once, bad values refused before anything is made."""

import pytest

from scalelaw.errors import ScalelawError
from scalelaw.harness.cell import Cell


def test_every_combination_once(make):
    cells = make(width=[32, 48], streams=[1, 2, 4], seeds=2, rate=[1e-3, 2e-3])
    assert len({cell.id for cell in cells}) == len(cells) == 2 * 3 * 2 * 2
    assert {cell.seed for cell in cells} == {0, 1}
    assert {(cell.corpus, cell.corpus_hash, cell.shape.vocabulary) for cell in cells} == {
        ("code", "0123456789abcdef", 256)
    }


def test_seeds_are_a_count_or_a_list(make):
    assert [cell.seed for cell in make(seeds=3)] == [0, 1, 2]
    assert [cell.seed for cell in make(seeds=[5, 2])] == [5, 2]


def test_ids_hash_contents_and_survive_a_round_trip(make):
    cells, again = make(streams=[1, 2], two_stage=0.2), make(streams=[1, 2], two_stage=0.2)
    assert [cell.id for cell in cells] == [cell.id for cell in again]
    assert [Cell.from_dict(cell.to_dict()) for cell in cells] == cells


@pytest.mark.parametrize(
    ("name", "values"),
    [("prefix_tokens", [8, 48]), ("aggregation", ["mlp", "mean"]), ("prefix_rate", [1.0, 3.0]), ("smoothing", [0.1, 0])],  # noqa: E501
)  # fmt: skip
def test_what_the_plain_model_does_not_have_makes_no_second_cell_of_it(make, name, values):
    cells = make(streams=[1, 2], **{name: values})
    assert [cell.streams.count for cell in cells].count(1) == 1
    assert [cell.streams.count for cell in cells].count(2) == 2


def test_a_prefix_at_one_is_another_cell_of_one_stream_only(make):
    cells = make(streams=[1, 2], prefix_at_one=[False, True])
    assert [(cell.streams.count, cell.shape.prefix_at_one) for cell in cells] == [(1, False), (2, False), (1, True)]


class TestTwoStages:
    @pytest.fixture
    def cells(self, make):
        return make(width=[32, 48], streams=[1, 2, 4], seeds=2, two_stage=0.25)

    def test_one_first_stage_a_shape_and_seed(self, cells):
        first = [cell for cell in cells if cell.start is None]
        assert len(first) == 4
        assert {(cell.streams.count, cell.recipe.schedule) for cell in first} == {(1, "constant")}
        assert len(cells) == 4 + 12

    def test_tokens_add_up_to_those_of_one_stage(self, cells, make):
        whole = make()[0]
        assert {cell.D for cell in cells if cell.start} == {whole.D}
        assert {cell.steps for cell in cells if cell.start} == {round(0.25 * whole.steps)}

    def test_the_rate_is_annealed(self, cells):
        recipe = next(cell.recipe for cell in cells if cell.start)
        assert (recipe.schedule, recipe.decay + recipe.warmup, recipe.final) == ("wsd", 1, 0)

    def test_the_first_stage_does_not_depend_on_what_streams_are_like(self, make):
        cells = make(streams=2, two_stage=0.25, prefix_tokens=[8, 48], aggregation=["mlp", "mean"])
        assert len({cell.start.id for cell in cells if cell.start}) == 1

    def test_stage_two_may_train_the_streams_only(self, make):
        assert {cell.trained for cell in make(streams=2, two_stage=0.25, trained="streams")} == {"all", "streams"}

    def test_without_streams_there_are_none_to_train_alone(self, make):
        cells = make(streams=[1, 2], two_stage=0.25, trained="streams")
        assert [cell.trained for cell in cells if cell.start] == ["all", "streams"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"streams": 0}, ["P must be"]),
        ({"heads": 5}, ["5 heads do not divide the width 32"]),
        ({"width": 0}, ["width is 0"]),
        ({"tokens": 10}, ["less than one step"]),
        ({"tokens": 10**7}, ["corpus code", "--repeat"]),
        ({"flops": 1e12}, ["either tokens or flops"]),
        ({"tokens": None}, ["either tokens or flops"]),
        ({"tokens": None, "flops": 1e3}, ["C is 1000 FLOPs", "one step"]),
        ({"tokens": None, "flops": 1e12, "two_stage": 0.5}, ["takes tokens and no flops"]),
        ({"tokens": None, "flops": 1e18}, ["corpus code", "--repeat"]),
        ({"colour": 1}, ["no setting 'colour'", "prefix_tokens"]),
        ({"streams": []}, ["no value of streams"]),
        ({"seeds": 0}, ["seeds is 0", "how many"]),
        ({"seeds": [-1]}, ["seed is -1"]),
        ({"two_stage": 1.5}, ["share of stage two is 1.5"]),
        ({"two_stage": 0.999}, ["leaves a stage", "empty"]),
        ({"trained": "streams"}, ["second stage"]),
        ({"two_stage": 0.5, "trained": "some"}, ["trained is 'some'", "streams"]),
        ({"tied": "maybe"}, ["tied is 'maybe'", "true or false"]),
        ({"bias": 2}, ["bias is 2"]),
        ({"width": 15}, ["width of 15", "even multiple"]),
        ({"two_stage": 0.5, "schedule": "cosine"}, ["leave the schedule out"]),
        ({"schedule": "linear"}, ["'linear'", "wsd"]),
        ({"aggregation": "median"}, ["'median'", "mlp"]),
        ({"prefix_rate": -1}, ["prefix_rate is -1"]),
        ({"weight_decay": -1}, ["weight_decay is -1"]),
        ({"beta1": 2}, ["beta1 is 2"]),
        ({"final": -3}, ["final is -3"]),
        ({"corpus": "code"}, ["corpus is 'code'", "prepare"]),
    ],
)  # fmt: skip
def test_bad_settings(make, settings, said):
    with pytest.raises(ScalelawError) as caught:
        make(**settings)
    assert [piece for piece in said if piece not in str(caught.value)] == [], caught.value


def test_cells_of_equal_flops(make):
    """One C whatever the size and P, to half a step, so that more streams see fewer tokens."""
    cells = make(tokens=None, flops=[2e10, 4e10], width=[16, 32], streams=[1, 4])
    assert [cell.C / C for cell, C in zip(cells, ([2e10] * 2 + [4e10] * 2) * 2, strict=True)] == [
        pytest.approx(1, abs=0.5 * cell.step_C / cell.C) for cell in cells
    ]
    assert cells[0].tokens > 3 * cells[1].tokens


def test_a_generator_is_several_values(make):
    assert [cell.shape.width for cell in make(width=(w for w in (32, 48)))] == [32, 48]


def test_what_is_held_out_is_kept_and_is_no_part_of_the_id(make):
    """A machine that makes the corpus again needs to know; the hash tells corpora apart already."""
    plain, kept = make(streams=2, two_stage=0.2), make(streams=2, two_stage=0.2, held_out=20_000)
    assert [cell.id for cell in kept] == [cell.id for cell in plain]
    assert [Cell.from_dict(cell.to_dict()).held_out for cell in kept] == [20_000, 20_000]
    assert "held_out" not in plain[0].to_dict()


def test_a_corpus_may_be_repeated(make):
    assert make(tokens=10**7, repeat=True)[0].repeat
