"""A step of SPADE in PyTorch, after the published `Pix2PixModel`, `Pix2PixTrainer` and losses, on one GPU's images."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from launch.benchmark.pytorch_networks import VGG19

LAMBDA_FEAT, LAMBDA_VGG, LAMBDA_KLD = 10.0, 10.0, 0.05
VGG_WEIGHTS = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)


class Step:
    """Networks and optimisers.

    Attributes:
      networks: `E`, `G` and `D`, in training mode.
      gradients: by parameter of each, after `take`.
    """

    def __init__(self, networks: dict[str, nn.Module], vgg19: VGG19, rates: tuple[float, float]):
        self.networks, self.vgg19 = {name: network.train() for name, network in networks.items()}, vgg19
        own = [*networks["G"].parameters(), *networks["E"].parameters()]
        self.optimisers = {
            "generator": torch.optim.Adam(own, lr=rates[0], betas=(0.0, 0.9)),
            "discriminator": torch.optim.Adam(networks["D"].parameters(), lr=rates[1], betas=(0.0, 0.9)),
        }
        self.gradients = {}

    def take(self, mask: Tensor, image: Tensor, noise: Tensor, noise_2: Tensor) -> dict[str, Tensor]:
        """Return the unweighted losses by their names in the task."""
        fake, mean, log_variance = self.generate(mask, image, noise)
        maps_fake, maps_real = self.discriminate(mask, fake, image)
        kld = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        losses = {
            "generator/adversarial": hinge(maps_fake, lambda logits: -logits.mean()),
            "generator/feature_matching": feature_matching(maps_fake, maps_real),
            "generator/perceptual": self.perceptual(fake, image),
            "generator/kl": kld / len(image),
        }
        total = losses["generator/adversarial"] + LAMBDA_KLD * kld + LAMBDA_VGG * losses["generator/perceptual"]
        self._update("generator", ("E", "G"), total + LAMBDA_FEAT * losses["generator/feature_matching"])

        with torch.no_grad():
            fake, _, _ = self.generate(mask, image, noise_2)
        maps_fake, maps_real = self.discriminate(mask, fake, image)
        false = hinge(maps_fake, lambda logits: -torch.min(-logits - 1, torch.zeros_like(logits)).mean())
        true = hinge(maps_real, lambda logits: -torch.min(logits - 1, torch.zeros_like(logits)).mean())
        losses["discriminator/loss"] = false + true
        self._update("discriminator", ("D",), false + true)
        return losses

    def generate(self, mask: Tensor, image: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, log_variance = self.networks["E"](image)
        return self.networks["G"](mask, noise * torch.exp(0.5 * log_variance) + mean), mean, log_variance

    def discriminate(self, mask: Tensor, fake: Tensor, real: Tensor) -> tuple[list, list]:
        """Return the maps of fake and real images, which are one batch."""
        maps = self.networks["D"](torch.cat([mask, mask]), torch.cat([fake, real]))
        fakes, reals = ([[each.chunk(2)[half] for each in scale] for scale in maps] for half in range(2))
        return fakes, reals

    def perceptual(self, fake: Tensor, real: Tensor) -> Tensor:
        features = zip(VGG_WEIGHTS, self.vgg19(fake), self.vgg19(real), strict=True)
        return sum(weight * F.l1_loss(f, r.detach()) for weight, f, r in features)

    def _update(self, name: str, networks: tuple[str, ...], loss: Tensor) -> None:
        self.optimisers[name].zero_grad()
        loss.backward()
        for network in networks:
            parameters = self.networks[network].named_parameters()
            self.gradients[network] = {key: parameter.grad.clone() for key, parameter in parameters}
        self.optimisers[name].step()


def hinge(maps: list, loss) -> Tensor:
    return sum(loss(scale[-1]) for scale in maps) / len(maps)


def feature_matching(fake: list, real: list) -> Tensor:
    total = 0
    for fake_maps, real_maps in zip(fake, real, strict=True):
        for place in range(len(fake_maps) - 1):
            total = total + F.l1_loss(fake_maps[place], real_maps[place].detach()) / len(fake)
    return total
