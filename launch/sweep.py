"""Train the trials that an experiment or a grid spans, several at once, and print their table.

  gatebench sweep experiment=quickstart
  gatebench sweep cell=lstm,gru task=digits 'seed=range(0,5)'
  gatebench sweep cell=lstm cell.ablate.i.fix=0,0.5,1 study=input_gate
  gatebench sweep cell=lstm,gru,mgu baseline=gru question='Which cell counts best?' task=parity study=counting

Trials that have a result in the study are not run again. To continue a sweep that was stopped, run the same command.

A study has a declaration: question, baseline, order, families of comparisons, test and metrics (see conf/config.yaml).
It is kept with the records, and gatebench table study=NAME follows it. A later sweep into the same study replaces the
parts that it declares, and prints the change.
"""

from collections.abc import Sequence
from contextlib import nullcontext

from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.declaration import check_declaration
from launch.running.garbage import uncollected_imports
from launch.running.known_outcomes import known_study, trials_to_run
from launch.running.resources import resources_of
from launch.running.search_past import past_trials
from launch.settled_sweep import is_settled, print_settled
from launch.start_checks import check_start


def run(argv: Sequence[str]) -> int:
    """Run the trials without a result, print the table of all, and return 0, or 1 if a trial failed."""
    plan = parse_plan("sweep", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    first = plan

    def replan() -> Plan:
        return parse_plan("sweep", __doc__, argv, read_past=past_trials) or first

    settings = plan.settings
    known = known_study(settings, settings.one_study)
    study = check_declaration(plan, known)
    if is_settled(plan, study, known):
        print_settled(plan, study, known.outcomes)
        return 0
    trials = trials_to_run(plan.runnable, known.outcomes, force=settings.force)
    check_start(trials, settings)
    from launch.running.sweep_cluster import SweepCluster  # imports Ray, which takes a second

    with SweepCluster(trials, resources_of(settings)) if trials else nullcontext() as cluster:
        with uncollected_imports():
            from launch.recorded_sweep import run_recorded  # imports MLflow, which takes a second

        return run_recorded(plan, known, cluster, replan)
