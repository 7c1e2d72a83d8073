"""The captioner of chapter 10 on the photographs of Flickr8k, if its files are available."""

import torch
from torch import Tensor

from chapters.captioning.contest import LONGEST, teach
from chapters.captioning.pictures import see
from lib import sentences
from lib.datasets import captions, flickr8k
from lib.datasets.flickr8k import CaptionedPhotos
from lib.datasets.words import Vocabulary
from lib.models.captioner import Captioner
from lib.models.decoding import greedy
from lib.models.sequences import batches_by_length, sequence_loss
from lib.runtime import Run
from lib.training import fit, one_cycle_adam
from lib.widgets import AttentionReader, Viewing

SHOWN, PIXELS = 6, 128  # number of photographs in the reader, and their size


def caption_flickr8k(run: Run) -> AttentionReader:
    """Train a captioner on Flickr8k, print its BLEU, and show what it wrote.

    Raises:
        DownloadError: the files are missing, or not as expected.
    """
    (train, z), (test, z_test) = (_see_split(split, run) for split in ("train", "test"))
    mean, std = (f(z, dim=(0, 2, 3), keepdim=True) for f in (torch.mean, torch.std))
    model, known = _train(train, (z - mean) / std, run)
    wrote = greedy(model, model.encode((z_test - mean) / std), longest=LONGEST)
    texts = [text or "(nothing)" for text in captions.texts(wrote.words, known)]
    bleu = sentences.bleu(texts, flickr8k.references(test))
    print(f"Flickr8k, {len(test)} photographs: BLEU {bleu:.1f}")
    views = [
        Viewing(
            test.images([k], size=PIXELS)[0],
            texts[k].split(),
            wrote.weights[k, : len(texts[k].split())],
            z.shape[2],
        )
        for k in range(min(SHOWN, len(test)))
    ]
    title = "Where did it look in a photograph?"
    return AttentionReader(views, title=title, languages=("en", "en"))


def _see_split(split: str, run: Run) -> tuple[CaptionedPhotos, Tensor]:
    """The photographs of a split, and their features."""
    photos, size = flickr8k.load_flickr8k(split), run.pick(quick=64, standard=224)
    parts = torch.arange(len(photos)).split(50)
    return photos, torch.cat(
        [see(photos.images(rows.tolist(), size=size), run.device).cpu() for rows in parts]
    )


def _train(photos: CaptionedPhotos, z: Tensor, run: Run) -> tuple[Captioner, Vocabulary]:
    """A captioner of photographs, and its vocabulary."""
    target, rows, known = flickr8k.as_numbers(photos, least=run.pick(quick=1, standard=5))
    g = run.generator("photographs")
    model = Captioner(len(known), *z.shape[1:], generator=g)
    updates, order = run.pick(quick=5, standard=4000), run.generator("photographs, order")
    fit(
        model,
        rows[:, None],
        target,
        optimizer=one_cycle_adam(model.parameters(), lr=2e-3, decay_steps=updates),
        batches=batches_by_length(target, 32, updates, order),
        loss=sequence_loss,
        transform=lambda rows, target: teach(z[rows[:, 0]], target),
    )
    return model.eval(), known
