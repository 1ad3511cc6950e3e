"""Models of transformers, tiny and of random weights: read token by token, with streams, measured."""

import pytest

torch = pytest.importorskip("torch", reason="the extra pretrained is not installed")
pytest.importorskip("transformers", reason="the extra pretrained is not installed")

from scalelaw.cost import Hardware, Shape, memory, parameters  # noqa: E402
from scalelaw.cost.measured import measure_costs, worker  # noqa: E402
from scalelaw.cost.measured.huggingface import Reader, random_model, small  # noqa: E402
from scalelaw.errors import PretrainedError  # noqa: E402

MACHINE = Hardware(name="made up", peak={"fp32": 1e11}, bandwidth=1e10, memory=1e10)
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 61,
}
CONFIGS = {kind: {"model_type": kind, **SIZES} for kind in ("qwen2", "llama")}
JOB = {
    "streams": 2,
    "batch": 2,
    "input_tokens": 6,
    "output_tokens": 4,
    "repeats": 2,
    "warmup": 1,
    "threads": 1,
    "device": "cpu",
    "dtype": "fp32",
}


@pytest.mark.parametrize("streams", [1, 2, 4])
@pytest.mark.parametrize("kind", CONFIGS)
def test_reading_token_by_token_is_the_whole_pass(kind, streams):
    model = random_model(CONFIGS[kind], streams)
    tokens = torch.randint(0, 61, (3, 9), generator=torch.Generator().manual_seed(0))
    reader = Reader(model, streams)
    for part in (tokens[:, :5], tokens[:, 5:6], tokens[:, 6:7], tokens[:, 7:]):
        found = reader(part)
    with torch.no_grad():
        whole = model(input_ids=tokens).logits[:, -1]
    torch.testing.assert_close(found, whole, rtol=1e-4, atol=1e-5)


def test_streams_are_switched_in_one_model():
    from scalelaw.pretrained import add_streams

    model = add_streams(random_model(CONFIGS["qwen2"], 2), 4, 48, init="random", name="four")
    tokens = torch.arange(6)[None]
    found = {P: Reader(model, P)(tokens) for P in (1, 2, 4)}
    for P, logits in found.items():
        model.set_streams(P)
        with torch.no_grad():
            torch.testing.assert_close(logits, model(input_ids=tokens).logits[:, -1])
    assert not torch.allclose(found[1], found[2])
    assert not torch.allclose(found[2], found[4])
    with pytest.raises(PretrainedError):
        Reader(model, 3)


@pytest.mark.parametrize("kind", CONFIGS)
@pytest.mark.parametrize("streams", [1, 2])
def test_a_model_has_the_parameters_of_its_shape(kind, streams):
    counts = parameters(Shape.from_config(CONFIGS[kind]), streams)
    made = random_model(CONFIGS[kind], streams, dtype=torch.bfloat16)
    assert made.num_parameters() == counts["N"] + counts["n_embedding"] + counts["n_head"]
    assert {value.dtype for value in made.parameters()} == {torch.bfloat16}


def test_a_released_configuration_takes_any_number_of_streams():
    config = {**CONFIGS["qwen2"], "model_type": "qwen2_parscale", "parscale_n": 8, "parscale_n_tokens": 5}
    assert not hasattr(random_model(config, 1), "streams")
    model = random_model(config, 4)
    assert model.streams == 4
    assert model.get_decoder().stream_settings.prefix_tokens == 5


@pytest.mark.parametrize("kind", ["qwen2", "qwen3", "llama", "mistral", "gemma", "phi3", "starcoder2"])
def test_the_least_model_of_every_family_is_read(kind):
    model = random_model(small({"model_type": kind}), 2)
    assert Reader(model, 2)(torch.tensor([[3, 4, 5]])).shape == (1, 64)


@pytest.mark.parametrize("kind", CONFIGS)
def test_the_worker_measures(kind):
    found = worker.measured({**JOB, "config": CONFIGS[kind]})
    assert (len(found["prefill"]), len(found["per_token"])) == (2, 2)
    assert all(seconds > 0 for seconds in found["prefill"] + found["per_token"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", CONFIGS)
def test_a_model_is_measured_in_a_process_of_its_own(kind, tmp_path):
    config = {**CONFIGS[kind], "hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": 8}
    config |= {"vocab_size": 20000}
    shape, path = Shape.from_config(config), tmp_path / "costs.parquet"
    given = {"batch": 1, "input_tokens": 16, "output_tokens": 4, "repeats": 1, "threads": 1}
    frame = measure_costs(shape, streams=[1, 4], config=config, hardware=MACHINE, into=path, **given)
    assert (frame["model"].tolist(), frame["P"].tolist()) == ([kind, kind], [1, 4])
    for P, held in zip(frame["P"], frame["memory"], strict=True):
        predicted = memory(
            shape, P, batch=1, input_tokens=16, output_tokens=4, weights="fp32", cache="fp32", compute="fp32"
        )
        assert held == pytest.approx(predicted, rel=0.2, abs=16e6)
