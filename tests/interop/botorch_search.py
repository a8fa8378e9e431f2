# SPDX-License-Identifier: Apache-2.0
"""botorch_search.py -- BoTorch's qLogNEHVI beside our search, on the same grids from the same first points.

    search --trials SEEDS | botorch_search.py LIMIT [PROBLEM...]

Reads every point that tests/bench/search.c tried. First, its objectives must be those of BoTorch's own test problems. Then
BoTorch, with its default models, the acquisition of Ax and as many draws and climbs as our local search has, goes on from
the 2 (d + 1) points that our search began with, for as many evaluations. A problem gets LIMIT seconds, each seed its part
of them; where they end sooner, both are compared after as many evaluations as BoTorch came to. Prints log10 of what each
lacks of the grid's largest hypervolume: medians, worst and best."""
import math
import statistics
import sys
import time
import warnings

import torch
from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.transforms import Standardize
from botorch.optim import optimize_acqf_discrete_local_search
from botorch.sampling import SobolQMCNormalSampler
from botorch.test_functions.multi_objective import DTLZ2, ZDT1, ZDT2, BraninCurrin
from botorch.utils.multi_objective.hypervolume import Hypervolume
from botorch.utils.multi_objective.pareto import is_non_dominated
from gpytorch.mlls import SumMarginalLogLikelihood

LEVELS = torch.linspace(0, 1, 33, dtype=torch.double)
PROBLEMS = {"BraninCurrin": (BraninCurrin(negate=True), None), "ZDT1": (ZDT1(6, negate=True), 0.0),
            "ZDT2": (ZDT2(6, negate=True), 0.0), "DTLZ2": (DTLZ2(6, negate=True), 0.5)}


def hypervolume(problem, y):
    return Hypervolume(problem.ref_point).compute(y[is_non_dominated(y)])


def most(problem, best):
    """Of the grid: of all its points in two dimensions; else all coordinates beyond the first are best at one level."""
    if best is None:
        x = torch.cartesian_prod(LEVELS, LEVELS)
    else:
        x = torch.full((len(LEVELS), problem.dim), best, dtype=torch.double)
        x[:, 0] = LEVELS
    return hypervolume(problem, problem(x))


def suggest(problem, x, y, seed):
    models = [SingleTaskGP(x, y[:, i:i + 1], outcome_transform=Standardize(1)) for i in range(2)]
    model = ModelListGP(*models)
    fit_gpytorch_mll(SumMarginalLogLikelihood(model.likelihood, model))
    acquisition = qLogNoisyExpectedHypervolumeImprovement(
        model, ref_point=problem.ref_point, X_baseline=x, prune_baseline=True, tau_max=1e-2,
        sampler=SobolQMCNormalSampler(torch.Size([128]), seed=seed))
    best, _ = optimize_acqf_discrete_local_search(
        acquisition, q=1, discrete_choices=[LEVELS] * problem.dim, num_restarts=4, raw_samples=256, X_avoid=x)
    return best


def search(problem, x, evaluations, seed, until):
    torch.manual_seed(seed)
    while len(x) < evaluations and time.time() < until:
        x = torch.cat([x, suggest(problem, x, problem(x), 1000 * seed + len(x))])
    return problem(x)


def main():
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    tried = {}
    for line in sys.stdin:
        name, seed, *values = line.split("\t")
        tried.setdefault(name, {}).setdefault(int(seed), []).append([float(v) for v in values])
    limit = float(sys.argv[1])
    for name in sys.argv[2:] or PROBLEMS:
        problem, best = PROBLEMS[name]
        ours, theirs, begin, suggestions, least = [], [], time.time(), 0, math.inf
        for seed, rows in tried[name].items():
            rows = torch.tensor(rows, dtype=torch.double)
            y, x = -rows[:, :2], rows[:, 2:]
            off = (problem(x) - y).abs().max().item()
            if off > 1e-9:
                print(f"not ok - botorch: {name} is {off:g} off BoTorch's")
                return
            first = 2 * (problem.dim + 1)
            until = begin + limit * (len(ours) + 1) / len(tried[name])
            found = search(problem, x[:first], len(x), seed, until)
            for lacks, by in ((ours, y[:len(found)]), (theirs, found)):
                lacks.append(math.log10(max(most(problem, best) - hypervolume(problem, by), 1e-6)))
            suggestions += len(found) - first
            least = min(least, len(found))
        a, b = statistics.median(ours), statistics.median(theirs)
        cut = "" if least == len(x) else f", cut to {least}"
        print(f"# {name}: {len(x)} evaluations{cut}, {len(ours)} seeds: ours {a:.2f} ({max(ours):.2f}, {min(ours):.2f}), "
              f"BoTorch {b:.2f} ({max(theirs):.2f}, {min(theirs):.2f}), {(time.time() - begin) / suggestions:.2f} s each")
        print(f"{'ok' if a <= b else 'not ok'} - botorch: our search lacks no more on {name}", flush=True)


main()
