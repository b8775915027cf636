"""How users get torchvision's weights, which this project reads but does not come with."""


def how_to_save(network: str) -> str:
    """Return what to do to have `NETWORK.pth`, for the end of an error message."""
    return (
        'in an environment with torchvision run `python -c "import torch, torchvision; '
        f"torch.save(torchvision.models.{network}(weights='IMAGENET1K_V1').state_dict(), '{network}.pth')\"`"
    )
