"""A step of portrait editing in PyTorch, NCHW, at 64 px: the networks, the losses, the order of the updates."""

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from ml_collections import ConfigDict
from torch import Tensor, nn

from launch.benchmark import pytorch_networks
from launch.benchmark import pytorch_portrait_editing as published
from launch.benchmark.pytorch_ebst import adam, update
from launch.benchmark.pytorch_face_parser import FaceParser
from tests.networks.pytorch_portrait_editing import discriminator

PARTS = ("left_eye", "right_eye", "skin", "hair", "mouth")
GROUPS = {"left_eye": (5,), "right_eye": (4,), "skin": (1, 2, 6, 7), "hair": (13,), "mouth": (10, 11, 12)}
WINDOWS = {"left_eye": (8, 12), "right_eye": (8, 12), "skin": (64, 64), "hair": (64, 64), "mouth": (20, 36)}
SMALLEST = {"left_eye": (2, 3), "right_eye": (2, 3), "skin": (2, 2), "hair": (2, 2), "mouth": (5, 9)}
CLASS_WEIGHTS = (0.2, 1, 3, 0.2, 5, 5, 5, 5, 0.2, 0.2, 8, 8, 8, 1, 0.2, 0.2, 0.2, 0.2, 0.2)

Networks = dict[str, nn.Module]


def make_networks(config: ConfigDict, vgg19_narrower: int) -> Networks:
    """Make the networks of a config, by their names in the task."""
    widths, sizes, networks = config.parts, config.networks, {}
    for part in PARTS:
        is_eye, is_whole = "eye" in part, part in ("skin", "hair")
        halvings = 5 if is_whole else 2
        powers = [min(2**level, 8) for level in range(halvings)]
        networks[f"encoder_{part}"] = published.PartEncoder(
            WINDOWS[part],
            tuple(widths.encoder_width * power for power in powers),
            widths.code_size,
            widths.head_width,
        )
        start, doublings = (widths.start_width, 3) if is_whole else (widths.decoder_width, 0)
        networks[f"decoder_{part}"] = published.FeatureDecoder(
            SMALLEST[part], start, (widths.decoder_width,) * doublings, not is_eye, widths.code_size
        )
        powers = powers[::-1] if is_whole else [1, 1]
        networks[f"image_decoder_{part}"] = published.ImageDecoder(
            SMALLEST[part],
            widths.start_width,
            tuple(widths.image_decoder_width * power for power in powers),
            not is_eye,
            widths.code_size,
        )
    networks["portrait_generator"] = published.PortraitGenerator(
        19, **sizes.portrait_generator, feature_channels=5 * widths.decoder_width
    )
    for name in ("discriminator", "discriminator_unpaired"):
        networks[name] = discriminator(sizes.discriminator.widths)
    networks["face_parser"] = FaceParser(sizes.face_parser.widths)
    networks["vgg19"] = pytorch_networks.VGG19(vgg19_narrower)
    return networks


class Step:
    """One step of networks, which change.

    Args:
      networks: by name.
      config: of the run.
      batch: photos and label maps of 64 px, and what the task reads of them, in NumPy.
    """

    def __init__(self, networks: Networks, config: ConfigDict, batch: dict[str, Any]):
        source, target = batch["source"], batch["target"]
        self.batch = batch
        self.networks, self.settings, self.config = networks, config.losses, config
        self.parts, self.shown = ({part: nchw(each) for part, each in arrays.items()} for arrays in source)
        self.image = nchw(batch["image_t"] / 127.5 - 1)
        self.background, self.kept = nchw(target.background), torch.from_numpy(target.kept.astype(np.float64))
        self.labels, self.mask_t = (torch.from_numpy(each).long() for each in (target.layout.labels, batch["mask_t"]))
        self.one_hot = F.one_hot(self.labels, 19).permute(0, 3, 1, 2).double()
        self.noise, self.centres = torch.from_numpy(batch["noise"]), target.layout.centres
        trained = [
            *(f"{kind}_{part}" for kind in ("encoder", "decoder", "image_decoder") for part in PARTS),
            "portrait_generator",
        ]
        self.optimisers = {
            "generator": adam(config.optimiser, *(networks[name] for name in trained)),
            "discriminator": adam(config.optimiser, networks["discriminator"]),
            "discriminator_unpaired": adam(config.optimiser, networks["discriminator_unpaired"]),
        }

    def take(self) -> dict[str, Tensor]:
        """Update all networks; return the losses by their names in the task."""
        losses = {}
        if self.config.updates == "sequential":
            for kind, terms_of in (("paired", self.paired_terms), ("unpaired", self.unpaired_terms)):
                features, total, terms = self.encode_and_decode()
                image = self.generate(features if kind == "paired" else next_rows(features))
                loss, more = terms_of(image)
                norm = update(self.optimisers["generator"], total + loss)
                losses |= {f"{kind}/{name}": term for name, term in (terms | more).items()}
                losses[f"{kind}/gradient_norm"] = norm
                losses |= self.update_discriminator(kind, image)
            return losses
        features, total, terms = self.encode_and_decode()
        images = {"paired": self.generate(features), "unpaired": self.generate(next_rows(features))}
        paired_loss, paired_terms = self.paired_terms(images["paired"])
        unpaired_loss, unpaired_terms = self.unpaired_terms(images["unpaired"])
        norm = update(self.optimisers["generator"], total + paired_loss + unpaired_loss)
        for kind, each in (("paired", terms | paired_terms), ("unpaired", unpaired_terms)):
            losses |= {f"{kind}/{name}": term for name, term in {**each, "gradient_norm": norm}.items()}
            losses |= self.update_discriminator(kind, images[kind])
        return losses

    def encode_and_decode(self) -> tuple[dict[str, Tensor], Tensor, dict[str, Tensor]]:
        features, kl, local = {}, 0, 0
        for index, part in enumerate(PARTS):
            mean, log_variance = self.networks[f"encoder_{part}"](self.parts[part])
            code = torch.distributions.Normal(mean, (log_variance / 2).exp())
            prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
            kl = kl + torch.distributions.kl_divergence(code, prior).sum(1).mean()
            sample = code.mean + code.stddev * self.noise[:, index]
            image = self.networks[f"image_decoder_{part}"](sample)
            local = local + F.mse_loss(image * self.shown[part], self.parts[part])
            features[part] = self.networks[f"decoder_{part}"](sample)
        total = self.settings.lambda_kl * kl + self.settings.lambda_local * local
        return features, total, {"kl": kl, "local": local}

    def generate(self, features: dict[str, Tensor]) -> Tensor:
        placed = []
        for part in PARTS:
            feature = features[part]
            if part in self.centres:
                maps = torch.zeros(len(feature), feature.shape[1], 16, 16, dtype=feature.dtype)
                for row, centre in enumerate(self.centres[part]):
                    pixels = [min(max(c - side // 2, 0), 64 - side) for c, side in zip(centre, WINDOWS[part])]  # noqa: B905
                    top, left = (int(pixel / 4 + 0.5) for pixel in pixels)
                    height, width = feature.shape[2:]
                    maps[row, :, top : top + height, left : left + width] += feature[row]
                feature = maps
            placed.append(feature)
        generator = self.networks["portrait_generator"]
        return generator(self.one_hot, torch.cat(placed, 1), self.background, self.kept)

    def paired_terms(self, image: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        total, terms, fake = self.common_terms("discriminator", image)
        real = self.networks["discriminator"](self.one_hot, self.image)
        masks = {part: torch.isin(self.labels, torch.tensor(group))[:, None] for part, group in GROUPS.items()}
        terms["global"] = F.mse_loss(image, self.image) + self.parts_errors(image, masks)
        scales = [F.l1_loss(f[-2], r[-2].detach()) for f, r in zip(fake, real, strict=True)]
        terms["feature_matching"] = sum(scales) / 2
        terms["perceptual"] = self.perceptual(image, masks)
        weights = {"global": "lambda_global", "feature_matching": "lambda_feat", "perceptual": "lambda_percept"}
        return total + sum(self.settings[weight] * terms[name] for name, weight in weights.items()), terms

    def parts_errors(self, image: Tensor, masks: dict[str, Tensor]) -> Tensor:
        if self.settings.global_by_part:
            weights = {"left_eye": 0.3, "right_eye": 0.3, "mouth": 0.5, "skin": 0.5, "hair": 0.3}
            pixels = {part: mask.expand_as(image) for part, mask in masks.items() if mask.any()}
            return sum(weights[part] * F.mse_loss(image[each], self.image[each]) for part, each in pixels.items())
        squares = {part: F.mse_loss(image * mask, self.image * mask) for part, mask in masks.items()}
        half = 0.5 * (squares["skin"] + squares["hair"])
        return squares["left_eye"] + squares["right_eye"] + squares["mouth"] + half

    def unpaired_terms(self, image: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        total, terms, _ = self.common_terms("discriminator_unpaired", image)
        terms["colour"] = 0
        photos, labels = nchw(self.batch["source_image"]), torch.from_numpy(self.batch["source_labels"]).long()
        for row in range(len(image)):
            source = (row + 1) % len(image)
            for group in GROUPS.values():
                here, there = (torch.isin(each, torch.tensor(group)) for each in (self.mask_t[row], labels[source]))
                if here.any() and there.any():
                    colours, wanted = image[row][:, here].mean(1), photos[source][:, there].mean(1)
                    terms["colour"] = terms["colour"] + F.mse_loss(colours, wanted) / len(image)
        return total + self.settings.lambda_colour * terms["colour"], terms

    def common_terms(self, discriminator: str, image: Tensor):
        maps = self.networks[discriminator](self.one_hot, image)
        weights = torch.tensor(CLASS_WEIGHTS, dtype=torch.float32).double()
        parsing = F.cross_entropy(self.networks["face_parser"](image), self.mask_t, weights)
        terms = {"adversarial": against(maps, 1.0), "parsing": parsing}
        return terms["adversarial"] + self.settings.lambda_parsing * parsing, terms, maps

    def perceptual(self, image: Tensor, masks: dict[str, Tensor]) -> Tensor:
        fake, real = (self.networks["vgg19"](each) for each in (image, self.image))
        total = 0
        for part, part_weight in zip(GROUPS, (10, 10, 5, 5, 10), strict=True):
            mask = masks[part].double()
            for weight, f, r in zip((1 / 4, 1 / 4, 1 / 4, 1 / 8, 1 / 8), fake, real, strict=True):
                total = total + weight * part_weight * F.l1_loss(f * mask, (r * mask).detach())
                mask = F.max_pool2d(mask, 2)
        return total

    def update_discriminator(self, kind: str, fake: Tensor) -> dict[str, Tensor]:
        name = "discriminator" if kind == "paired" else "discriminator_unpaired"
        real_maps, fake_maps = (self.networks[name](self.one_hot, each) for each in (self.image, fake.detach()))
        loss = (against(real_maps, 1.0) + against(fake_maps, 0.0)) / 2
        return {f"{name}/loss": loss, f"{name}/gradient_norm": update(self.optimisers[name], loss)}


def next_rows(features: dict[str, Tensor]) -> dict[str, Tensor]:
    return {part: torch.cat([each[1:], each[:1]]) for part, each in features.items()}


def against(maps: list[list[Tensor]], label: float) -> Tensor:
    """The cross-entropy of the logits of all scales with one label."""
    logits = [scale[-1] for scale in maps]
    return sum(F.binary_cross_entropy_with_logits(each, torch.full_like(each, label)) for each in logits)


def nchw(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(array, np.float64)).permute(0, 3, 1, 2)
