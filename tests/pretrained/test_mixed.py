"""One batch whose rows ask for streams of their own, against a call for each row."""

import pytest
import torch

from scalelaw import pretrained
from scalelaw.errors import PretrainedError

from .conftest import plain, uneven, with_streams

CLOSE = {"atol": 2e-5, "rtol": 1e-5}
ASKED = torch.tensor([4, 1, 2, 4])


@pytest.fixture(params=["qwen2", "mistral-sliding", "gemma2"])
def model(request):
    """Four streams, and two with a shorter prefix that has half faded in."""
    model = with_streams(request.param, 4, 5)
    pretrained.add_streams(model, 2, 3, init="random", seed=5)
    uneven(model)
    return model.eval()


@pytest.fixture
def rows():
    return torch.randint(2, 61, (4, 11), generator=torch.Generator().manual_seed(7))


def one_by_one(model, rows):
    return torch.cat([model(row[None], streams=int(P)).logits for row, P in zip(rows, ASKED, strict=True)])


@torch.no_grad()
def test_each_row_gets_its_own(model, rows):
    torch.testing.assert_close(model(rows, streams=ASKED).logits, one_by_one(model, rows), **CLOSE)
    alike = model(rows, streams=torch.full((4,), 2)).logits
    assert torch.equal(alike, model(rows, streams=2).logits)


@torch.no_grad()
def test_rows_ask_by_name(model, rows):
    pretrained.add_streams(model, 2, 4, init="random", seed=6, name="other")
    asked = ["other", 1, "p2", 4]
    wanted = torch.cat([model(row[None], streams=each).logits for row, each in zip(rows, asked, strict=True)])
    torch.testing.assert_close(model(rows, streams=asked).logits, wanted, **CLOSE)
    options = {"max_new_tokens": 4, "do_sample": False, "num_beams": 2}
    together = model.generate(rows, streams=asked, **options)
    for row, each, out in zip(rows, asked, together, strict=True):
        assert torch.equal(out, model.generate(row[None], streams=each, **options)[0])


@torch.no_grad()
def test_a_prefix_that_is_fading_in_is_seen_as_far(rows):
    model = pretrained.add_streams(plain("qwen2"), 2, 3, init="near-identity", fade=4).eval()
    with torch.no_grad():
        for layer in model.get_decoder().layers:
            layer.self_attn.prefix_v.normal_()
    asked = torch.tensor([1, 2, 2, 1])
    for passes in (0, 1, 4):
        model.get_decoder().prefix_passes.fill_(passes)
        wanted = torch.where((asked == 2)[:, None, None], model(rows, streams=2).logits, model(rows, streams=1).logits)
        torch.testing.assert_close(model(rows, streams=asked).logits, wanted, **CLOSE)


@torch.no_grad()
@pytest.mark.parametrize("options", [{}, {"num_beams": 3}, {"use_cache": False}, {"cache_implementation": "static"}])
def test_a_batch_of_requests_is_generated_at_once(model, rows, options):
    rows[2, :4] = 0
    mask = (rows != 0).long()
    options = {"max_new_tokens": 5, "do_sample": False, "disable_compile": True, **options}
    found = model.generate(rows, attention_mask=mask, streams=ASKED, **options)
    for row, seen, P, out in zip(rows, mask, ASKED, found, strict=True):
        alone = model.generate(row[None], attention_mask=seen[None], streams=int(P), **options)
        assert torch.equal(out, alone[0])


def test_gradients_are_those_of_the_rows(rows):
    grads = []
    for mixed in (True, False):
        model = with_streams("qwen2", 4, 5)
        asked = torch.tensor([4, 1, 1, 4])
        if mixed:
            model(rows, streams=asked).logits.square().sum().backward()
        else:
            for P in (4, 1):
                model(rows[asked == P], streams=P).logits.square().sum().backward()
        grads.append({name: value.grad for name, value in model.named_parameters()})
    for name, value in grads[0].items():
        torch.testing.assert_close(value, grads[1][name], atol=1e-3, rtol=1e-4)


@torch.no_grad()
def test_faults_are_named(model, rows):
    for asked, words in (
        (torch.tensor([1, 2]), "the batch has 4 rows"),
        (torch.tensor([1.0, 2.0, 2.0, 1.0]), "whole number a row"),
        (torch.tensor([1, 2, 3, 4]), "no set of 3 streams"),
        (torch.tensor([1, 2, 0, 4]), "at least 1"),
        (["p2", 1], "the batch has 4 rows; give the name of a set, or P, for each row"),
        (["p2", 1, True, 4], "for each row"),
        (["p2", 1, "p9", 4], "no streams named 'p9'"),
        ([1, 4, 2, 9], "P of each row of a batch is a tensor"),
    ):
        with pytest.raises(PretrainedError, match=words):
            model(rows, streams=asked)
    cache = model(rows, streams=ASKED, use_cache=True).past_key_values
    with pytest.raises(PretrainedError, match="a batch whose rows have streams of their own"):
        model(rows[:, :1], streams=4, past_key_values=cache)
    model(rows[:, :1], streams=ASKED, past_key_values=cache)
