"""A model with streams in transformers' own Trainer, as it is."""

import pytest
import torch
import transformers

from scalelaw import pretrained

from .conftest import plain


class Rows(torch.utils.data.Dataset):
    def __init__(self):
        self.rows = torch.randint(2, 61, (16, 9), generator=torch.Generator().manual_seed(4))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return {"input_ids": self.rows[i], "labels": self.rows[i], "attention_mask": torch.ones(9, dtype=torch.long)}


@pytest.mark.parametrize("what", ["streams", "all"])
def test_the_trainer_takes_it_saves_it_and_goes_on(tmp_path, what):
    model = pretrained.add_streams(plain("qwen2"), 2, 4, fade=2)
    pretrained.trainable(model, what)
    base = model.lm_head.weight.detach().clone()

    def trainer(steps, model):
        arguments = transformers.TrainingArguments(
            output_dir=str(tmp_path),
            max_steps=steps,
            save_steps=2,
            per_device_train_batch_size=4,
            learning_rate=1e-2,
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            dataloader_pin_memory=False,
        )
        return transformers.Trainer(model=model, args=arguments, train_dataset=Rows())

    trainer(2, model).train()
    assert torch.equal(model.lm_head.weight, base) == (what == "streams")
    assert model.get_decoder().layers[0].self_attn.prefix_v.abs().max() > 0
    ids = Rows().rows[:2]
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "checkpoint-2")
    assert torch.equal(again(ids).logits, model.eval()(ids).logits)
    pretrained.trainable(again, what)
    more = trainer(4, again)
    more.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert more.state.global_step == 4
