"""Which revision of a base is fetched for a folder of streams, whoever asks."""

import pytest
import torch

from scalelaw import pretrained
from scalelaw.cli.app import _run
from scalelaw.errors import PretrainedError
from scalelaw.pretrained import loading
from scalelaw.pretrained.training import Plan, Recipe
from scalelaw.pretrained.training.preparing import made_ready

from .conftest import plain, with_streams
from .test_evaluating import made_tokenizer


@pytest.fixture
def streams(tmp_path):
    """Streams of a base on the hub, as they were trained at one revision of it."""
    model = with_streams("qwen2")
    model.config._name_or_path = "someone/base"
    return model.save_streams(tmp_path / "p4", revision="abc")


@pytest.fixture
def fetched(monkeypatch):
    """What is asked of the hub: kind, name and revision of each."""
    asked = []

    def fetch(kind, name, **options):
        asked.append((kind, str(name), options.get("revision")))
        return made_tokenizer(True) if kind == "AutoTokenizer" else plain("qwen2")

    monkeypatch.setattr(loading, "_fetch", fetch)
    return asked


KINDS = ("AutoTokenizer", "AutoModelForCausalLM")


@pytest.mark.parametrize(("given", "wanted"), [({}, "abc"), ({"revision": None}, "abc"), ({"revision": "x"}, "x")])
def test_the_base_is_fetched_at_the_revision_of_its_streams(streams, fetched, given, wanted):
    pretrained.load_tokenizer(streams, **given)
    assert pretrained.load(streams, **given).streams == 4
    assert fetched == [(kind, "someone/base", wanted) for kind in KINDS]


@pytest.mark.parametrize(("given", "wanted"), [([], "abc"), (["--revision", "x"], "x")])
def test_the_shell_fetches_it_too(streams, fetched, capsys, given, wanted):
    assert _run(["pretrained", "generate", str(streams), "the cat", "--tokens", "2", *given], debug=True) == 0
    assert fetched == [(kind, "someone/base", wanted) for kind in KINDS]


def test_training_fetches_it_too(streams, fetched):
    settings = pretrained.load(streams).get_decoder().stream_settings
    fetched.clear()
    plan = Plan(model=str(streams), data="code", tokens=10_000, settings=settings, recipe=Recipe(context=16))
    made_ready(plan, plan.stages[0], [], made_tokenizer(True), None)
    assert fetched == [("AutoModelForCausalLM", "someone/base", "abc")]


@pytest.mark.filterwarnings("default")  # of packages that are not ours
def test_lm_evaluation_harness_fetches_it_too(streams, fetched):
    pytest.importorskip("lm_eval", reason="needs a package of the extra evaluation: lm-eval")
    pretrained.scoring.lm_eval_class()(pretrained=str(streams), streams=4)
    assert fetched == [(kind, "someone/base", "abc") for kind in KINDS]


@pytest.mark.parametrize("dtype", [torch.int8, "int8", 4], ids=str)
def test_weights_have_no_such_type(dtype):
    with pytest.raises(PretrainedError, match="it is one of float32, bfloat16"):
        pretrained.load("someone/base", dtype=dtype)


def test_streams_are_loaded_beside_those_of_a_folder_of_streams(streams, fetched, tmp_path):
    two = with_streams("qwen2", 2).save_streams(tmp_path / "p2")
    assert pretrained.load(streams, streams=two).stream_sets == {"p2": 2, "p4": 4}


@pytest.mark.parametrize("load", [pretrained.load, pretrained.load_tokenizer])
@pytest.mark.parametrize(("base", "words"), [("base", "which is not there"), (None, "do not say their base")])
def test_a_base_that_is_gone_can_be_named_anew(load, base, words, tmp_path):
    model = with_streams("qwen2")
    model.config._name_or_path = "" if base is None else str(tmp_path / base)
    if base:
        plain("qwen2").save_pretrained(tmp_path / base)
    streams = model.save_streams(tmp_path / "p4")
    plain("qwen2").save_pretrained(tmp_path / "moved")
    if base:
        (tmp_path / base).rename(tmp_path / "elsewhere")
    with pytest.raises(PretrainedError, match=f"{words}; name the base and give the folder of streams as streams="):
        load(streams)
    assert pretrained.load(tmp_path / "moved", streams=streams).streams == 4
