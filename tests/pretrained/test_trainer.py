"""A model with streams in transformers' own Trainer and in a loop with accelerate, as it is."""

import accelerate
import pytest
import torch
import transformers

from scalelaw import pretrained
from scalelaw.pretrained.training import add_lora

from .conftest import plain


class Rows(torch.utils.data.Dataset):
    def __init__(self):
        self.rows = torch.randint(2, 61, (16, 9), generator=torch.Generator().manual_seed(4))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"input_ids": self.rows[i], "labels": self.rows[i], "attention_mask": torch.ones(9, dtype=torch.long)}


def made(what):
    model = pretrained.add_streams(plain("qwen2"), 2, 4, fade=2)
    if what == "lora":
        return add_lora(model, 2)
    pretrained.trainable(model, what)
    return model


def trainer(model, folder):
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        max_steps=4,
        save_steps=2,
        per_device_train_batch_size=4,
        learning_rate=1e-2,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    return transformers.Trainer(model=model, args=arguments, train_dataset=Rows())


@pytest.mark.parametrize("what", ["streams", "all", "lora"])
def test_the_trainer_takes_it_saves_it_and_goes_on_to_the_same_end(tmp_path, what):
    model, ids = made(what), Rows().rows[:2]
    prefix = model.get_decoder().layers[0].self_attn.prefix_v
    base, before = model.lm_head.weight.detach().clone(), prefix.detach().clone()
    trainer(model, tmp_path).train()
    assert torch.equal(model.lm_head.weight, base) == (what != "all")
    assert not torch.equal(prefix, before)
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint-4")
    torch.testing.assert_close(again.eval()(ids).logits, model.eval()(ids).logits, atol=1e-5, rtol=1e-5)
    more = trainer(made(what), tmp_path)
    more.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert more.state.global_step == 4
    assert torch.equal(more.model.eval()(ids).logits, model(ids).logits)


@pytest.mark.parametrize("what", ["streams", "all"])
def test_a_loop_with_accelerate_takes_the_steps_of_one_without(what):
    ends = []
    for prepared in (True, False):
        model = made(what).train()
        optimizer = torch.optim.AdamW([each for each in model.parameters() if each.requires_grad], lr=1e-2)
        batches = torch.utils.data.DataLoader(Rows(), batch_size=4)
        backward = torch.Tensor.backward
        if prepared:
            accelerator = accelerate.Accelerator(cpu=True)
            model, optimizer, batches = accelerator.prepare(model, optimizer, batches)
            backward = accelerator.backward
        for batch in batches:
            backward(model(**batch).loss)
            optimizer.step()
            optimizer.zero_grad()
        ends.append(model.eval()(Rows().rows[:2]).logits)
    assert torch.equal(*ends)
