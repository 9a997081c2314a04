"""The log of a study's claims in MLflow, written through MLflow's API alone.

MLflow never changes a param: to log the same key with another value is an error, in a sqlite file as in a database
behind a server. The log is a run of the study's experiment, the board. Its entry number N is the param N. The driver
that logs the param N first has appended the entry; the others get an error, read the entry, and try N + 1. No clock is
involved.

The board is no trial, and readers of trials ignore it. Each study has one first board, and its id is in a tag of the
experiment. Two drivers that create it at the same time agree by the name of an experiment, which MLflow keeps unique,
also for deleted experiments: the driver that creates the experiment named after the study has created the board. That
experiment only contains the id of the board; it is deleted at once, so that no page shows it.

A board becomes slow if it has very many params. An entry then names the next board, which begins with a copy of the
state, and the former board is deleted, unless it is the first. The heartbeats of the owners are tags of the first
board.
"""

from collections.abc import Mapping

from gatebench.records.mlflow_client import is_conflict  # before mlflow: it sets MLflow up

# isort: split
from mlflow.entities import Experiment
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.records import mlflow_study
from gatebench.records.claim_log import ClaimState, Entry
from gatebench.records.mlflow_entry import PROGRAM, SOURCE
from gatebench.records.mlflow_page import NOTE_TAG

ENTRIES_PER_BOARD = 200
"""The number of entries after which a new board is begun."""

_CURRENT, _HEARTBEAT = "gatebench.current_board", "gatebench.heartbeat."
_LONGEST_PARAM = 6000  # characters; MLflow cuts the others off
_RUN_NAME = "claims"
_NOTE = (
    "This run is no trial. It contains which process runs which trial, so that several processes can run trials of "
    "this study at the same time. Please do not delete it."
)


class ClaimBoard:
    """The log of the claims of one study, and the state after the entries that were read.

    Args:
        client: the connection to MLflow.
        experiment: MLflow's id of the study's experiment.
        artifact_location: whether the experiment's folder of files may be given to new experiments: not to a server,
            which chooses it.

    Raises:
        MlflowException: every method raises it if the records cannot be used.
    """

    def __init__(self, client: MlflowClient, experiment: str, *, artifact_location: bool) -> None:
        self.state = ClaimState()
        self._client = client
        self._experiment = experiment
        self._with_location = artifact_location
        self._first = self._find_first()
        self._board = client.get_run(self._first).data.tags.get(_CURRENT, self._first)
        self._count = 0  # entries of the board that were read
        self.read()

    def read(self) -> bool:
        """Read the entries that were added, and return whether there were any."""
        params = self._client.get_run(self._board).data.params
        before = (self._board, self._count)
        while (text := params.get(_key(self._count))) is not None:
            entry = Entry.from_text(text)
            self.state.apply(entry)
            self._count += 1
            if entry.next_board:
                self._board, self._count = entry.next_board, 0
                params = self._client.get_run(self._board).data.params
        return before != (self._board, self._count)

    def append(self, entry: Entry) -> bool:
        """Append an entry, and return True. If another driver was faster, read its entries, and return False."""
        if not entry.next_board and self._count >= ENTRIES_PER_BOARD:
            self._begin_board(entry.owner)
            return False
        text = entry.to_text()
        if len(text) > _LONGEST_PARAM:
            raise ValueError(f"an entry has at most {_LONGEST_PARAM} characters, and this one {len(text)}")
        try:
            self._client.log_param(self._board, _key(self._count), text)
        except MlflowException as error:
            if not is_conflict(error):
                raise
            if not self.read():
                self._restore(error)
            return False
        self._count += 1
        self.state.apply(entry)
        return True

    def beat(self, owner: str, count: int) -> None:
        """Write the heartbeat of an owner, a number that grows."""
        self._client.set_tag(self._first, f"{_HEARTBEAT}{owner}", count)

    def heartbeats(self) -> Mapping[str, str]:
        """Return {name of an owner: its last heartbeat}."""
        tags = self._client.get_run(self._first).data.tags
        return {key.removeprefix(_HEARTBEAT): value for key, value in tags.items() if key.startswith(_HEARTBEAT)}

    def forget_heartbeat(self, owner: str) -> None:
        """Remove the heartbeat of an owner that has ended."""
        if owner in self.heartbeats():
            self._client.delete_tag(self._first, f"{_HEARTBEAT}{owner}")

    def _restore(self, error: MlflowException) -> None:
        """Restore the board if a user has deleted it, which MLflow reports as a conflict, too."""
        if self._client.get_run(self._board).info.lifecycle_stage == "active":
            raise error
        self._client.restore_run(self._board)

    def _begin_board(self, owner: str) -> None:
        """Continue the log on a new board, which begins with the present state."""
        new = self._create_board(self._client.get_experiment(self._experiment))
        for number, entry in enumerate(self.state.snapshot()):
            self._client.log_param(new, _key(number), entry.to_text())
        former = self._board
        if not self.append(Entry(owner, self.state.labels.get(owner, ""), next_board=new)):
            self._client.delete_run(new)  # another driver was faster
            return
        self._client.set_tag(self._first, _CURRENT, new)
        self._board, self._count = new, 0
        self.read()
        if former != self._first:
            self._client.delete_run(former)

    def _find_first(self) -> str:
        experiment = self._client.get_experiment(self._experiment)
        if (board := experiment.tags.get(mlflow_study.BOARD_TAG)) is not None:
            return str(board)
        board = self._agree_on_first(experiment)
        try:
            self._client.set_experiment_tag(self._experiment, mlflow_study.BOARD_TAG, board)
        except MlflowException:  # of two drivers that add a tag at the same time, one gets an error
            if self._client.get_experiment(self._experiment).tags.get(mlflow_study.BOARD_TAG) != board:
                raise
        return board

    def _agree_on_first(self, experiment: Experiment) -> str:
        """Return the first board, which is created unless another driver has created it."""
        name = f"gatebench.board/{experiment.experiment_id}-{experiment.creation_time}"
        agreed = self._client.get_experiment_by_name(name)
        if agreed is None:
            board = self._create_board(experiment)
            location = experiment.artifact_location if self._with_location else None
            try:
                self._client.create_experiment(name, location, {mlflow_study.CLAIMS_TAG: board})
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                self._client.delete_run(board)
            agreed = self._client.get_experiment_by_name(name)
        if agreed is None or mlflow_study.CLAIMS_TAG not in agreed.tags:
            raise UserError(
                f"The MLflow experiment {name!r} belongs to gatebench; restore it, or choose another study=…."
            )
        if agreed.lifecycle_stage == "active":
            self._delete_experiment(agreed.experiment_id)
        return str(agreed.tags[mlflow_study.CLAIMS_TAG])

    def _delete_experiment(self, experiment: str) -> None:
        try:
            self._client.delete_experiment(experiment)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":  # another driver has deleted it
                raise

    def _create_board(self, experiment: Experiment) -> str:
        """Create a run for entries. It is as old as the study, so that it is the last one in MLflow's lists."""
        tags = {mlflow_study.BOARD_TAG: self._experiment, SOURCE: PROGRAM, NOTE_TAG: _NOTE}
        created = experiment.creation_time
        run = self._client.create_run(self._experiment, created, tags, _RUN_NAME).info.run_id
        self._client.set_terminated(run, "FINISHED", created)
        return str(run)


def _key(number: int) -> str:
    """Return the name of the param of an entry."""
    return f"entry {number:04d}"
