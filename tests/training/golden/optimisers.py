"""What PyTorch's optimisers make of a sequence of gradients: `python -m tests.training.golden.optimisers` writes it."""

import json
from pathlib import Path

START = [1.0, -2.0, 0.5]
GRADIENTS = [[0.3, -1.2, 0.0], [-0.7, 0.4, 2.5], [0.1, 0.1, -0.6], [1.9, -0.2, 0.8], [0.0, 0.5, -0.3]] * 4
PATH = Path(__file__).with_name("optimisers.json")

RULES = {
    "SGD": [{"lr": 0.1}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.2},
            {"lr": 0.1, "momentum": 0.8, "nesterov": True}, {"lr": 0.1, "weight_decay": 0.1}],
    "RMSProp": [{}, {"lr": 0.05, "rho": 0.9}, {"momentum": 0.9, "weight_decay": 0.1}, {"centered": True},
                {"centered": True, "momentum": 0.5, "eps": 1e-4}],
    "Adagrad": [{}, {"lr": 0.3, "weight_decay": 0.1, "eps": 1e-3}],
    "Adam": [{}, {"lr": 0.05, "betas": [0.5, 0.9], "eps": 1e-3}, {"lr": 0.05, "weight_decay": 0.2}],
    "AdamW": [{}, {"lr": 0.05, "betas": [0.5, 0.9], "weight_decay": 0.3}, {"weight_decay": 0.0}],
}  # fmt: skip


def pytorch_s(name, settings):
    """The parameter after each step, by PyTorch."""
    import torch

    theirs = {"RMSProp": "RMSprop"}.get(name, name)
    settings = {{"rho": "alpha"}.get(key, key): value for key, value in settings.items()}
    theta = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimiser = getattr(torch.optim, theirs)([theta], **settings)
    values = []
    for gradient in GRADIENTS:
        theta.grad = torch.tensor(gradient, dtype=torch.float64)
        optimiser.step()
        values.append(theta.detach().tolist())
    return values


if __name__ == "__main__":
    made = [[name, settings, pytorch_s(name, settings)] for name, cases in RULES.items() for settings in cases]
    PATH.write_text(json.dumps(made) + "\n")
