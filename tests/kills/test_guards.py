"""A test counts only if it fails when its guard is taken out: so each is taken out of a copy of the program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
FAILED = 1  # pytest's exit code for "tests ran, and some failed"


class Guard(NamedTuple):
    """A line of `file`, what stands there without it, and the test that must fail then."""

    file: str
    line: str
    without: str
    test: str

    def __str__(self) -> str:
        return self.test.partition("::")[2]


PATH, SETTLING, RECOVERY = "payments/money_path.py", "payments/settling.py", "payments/recovery.py"
GROUPS, COMMITS, FACTS, REFUNDS = "store/group_commit.py", "store/commits.py", "store/facts.py", "payments/refunds.py"
PRIMARY, ON_PRIMARY = "store/primary.py", "test_primary.py"
ON_PATH, ON_RECOVERY, ON_FACTS = "test_money_path.py", "test_recovery.py", "test_facts.py"
ON_GROUPS, ON_LOST, ON_OUTCOMES = "test_group_commit.py", "test_group_commit_lost.py", "test_money_path_outcomes.py"

GUARDS = (
    Guard(PATH, "or await ours(desk, call, token)", "or False", f"{ON_PATH}::test_open_whose_answer_was_lost_is_ours"),
    Guard(
        PATH, "rooms.enter_context(caller.room(await desk.rail(request.rail)))", "pass",
        f"{ON_PATH}::test_a_full_bulkhead_is_told_before_open",
    ),
    Guard(PATH, "or _waiters >= limits.WAITERS", "or False", f"{ON_PATH}::test_a_capped_number_waits_for_a_key"),
    Guard(
        PATH, "if kept.fingerprint != call.fingerprint:", "if False:",
        f"{ON_PATH}::test_a_key_with_other_parameters_is_a_mismatch",
    ),
    Guard(
        PATH, "await desk.finish(carried(", "await (carried(",
        f"{ON_PATH}::test_a_caller_that_is_cancelled_after_open_cancels_nothing",
    ),
    Guard(SETTLING, "if seconds <= 0:", "if False:", f"{ON_PATH}::test_nothing_is_sent_when_the_lease_is_over"),
    Guard(
        SETTLING, "instruction.message, card, seconds)", "instruction.message, card, 10.0)",
        f"{ON_PATH}::test_the_rails_deadline_ends_before_the_lease",
    ),
    Guard(
        SETTLING, "or known(before):", "or False:", f"{ON_PATH}::test_settle_whose_answer_was_lost_is_ours",
    ),
    Guard(
        SETTLING, "await late(desk, case, said)\n            return None", "return None",
        f"{ON_RECOVERY}::test_an_approval_that_comes_too_late_is_reversed_and_shown",
    ),
    Guard(
        "payments/notices.py", "await late(desk, case, word)", "pass",
        f"{ON_RECOVERY}::test_a_notice_of_an_approval_that_comes_too_late_makes_us_ask_and_reverse",
    ),
    Guard(
        SETTLING, "and before.said != heard(said)", "",
        f"{ON_RECOVERY}::test_a_lie_about_a_refund_is_shown_once_and_asked_about",
    ),
    Guard(
        SETTLING, 'case Pending() | Unknown() if before.verb == "check":', "case Pending() | Unknown() if False:",
        f"{ON_RECOVERY}::test_a_check_of_a_card_that_is_not_answered_is_taken_back",
    ),
    Guard(RECOVERY, "if early or", "if", f"{ON_RECOVERY}::test_not_found_is_not_final_within_the_horizon"),
    Guard(
        RECOVERY, 'if case.instruction.state == "reversing":', "if False:", f"{ON_RECOVERY}::test_reversing_is_a_one_way_door",
    ),
    Guard(
        RECOVERY, 'instruction.message.verb in rail.can.safe_repeats', "True",
        f"{ON_RECOVERY}::test_what_is_not_safe_to_repeat_stays_open_and_is_shown_once",
    ),
    Guard(
        RECOVERY, "if before.tries != len(PAUSES):", "if False:",
        f"{ON_RECOVERY}::test_a_reversal_that_is_never_acknowledged_is_shown_once",
    ),
    Guard(
        RECOVERY, "except Exception as defect:", "except ZeroDivisionError:\n        raise\n    except Exception as defect:",
        f"{ON_RECOVERY}::test_a_poisoned_one_stops_no_other_and_is_shown_once",
    ),
    Guard(
        RECOVERY, 'return intent.live == case.instruction.id', "return True",
        f"{ON_RECOVERY}::test_an_approval_that_comes_too_late_is_reversed_and_shown",
    ),
    Guard(
        GROUPS, ", key=lambda job: job.payment)", ", key=id)", f"{ON_GROUPS}::test_two_processes_on_shared_rows_never_deadlock",
    ),
    Guard(
        COMMITS, 'if wrote[number]["fact"] != job.values[1]:', "if False:",
        f"{ON_LOST}::test_no_statement_can_hand_a_row_to_another_job",
    ),
    Guard(
        GROUPS, "elif isinstance(refusal, PASSING):", "elif False:",
        f"{ON_LOST}::test_what_stood_in_the_way_is_tried_again_alone",
    ),
    Guard(COMMITS, "    if warnings:", "    if False:", f"{ON_LOST}::test_a_commit_with_a_warning_is_unknown"),
    Guard(COMMITS, "        if doubted:", "        if False:", f"{ON_LOST}::test_a_commit_with_a_warning_is_unknown"),
    Guard(
        PATH, " or not await desk.database.stands(call.scope, call.key, kept)", "",
        f"{ON_PATH}::test_an_answer_that_a_fail_over_may_take_away_is_not_given",
    ),
    Guard(
        PRIMARY, " or said.timeline < self.newest", "", f"{ON_PRIMARY}::test_connections_to_an_old_primary_are_dropped",
    ),
    Guard(
        PRIMARY, " and said.timeline == self.newest", "",
        f"{ON_PRIMARY}::test_of_two_that_may_be_written_the_newer_one_is_taken",
    ),
    Guard(
        GROUPS, "self.waiting >= limits.QUEUE_MOST", "False",
        f"{ON_LOST}::test_a_full_queue_refuses_before_anything_is_written",
    ),
    Guard(
        GROUPS, "self.again(sql, jobs, unknown=True)", "[job.answer(OSError()) for job in jobs]",
        f"{ON_LOST}::test_a_connection_lost_at_commit",
    ),
    Guard(
        FACTS, 'f" and t.version = {version} for update of t)"', 'f" and {version} is not null for update of t)"',
        f"{ON_GROUPS}::test_two_writers_of_a_row_in_one_group_lose_no_update",
    ),
    Guard(FACTS, "and k.token = {token}", "and {token} is not null", f"{ON_FACTS}::test_a_key_that_is_not_ours_writes_nothing"),
    Guard(REFUNDS, "if not 0 < amount <= left:", "if not 0 < amount:", f"{ON_OUTCOMES}::TestRefunding"),
    Guard(REFUNDS, "if was == to:", "if False:", f"{ON_OUTCOMES}::TestRefunding"),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_without_its_guard_the_test_fails(guard: Guard, tmp_path: Path):
    """FAULTS: keep the guards removable by a switch in test code, and prove it once in CI."""
    shutil.copytree(ROOT / "sluice", tmp_path / "sluice", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "pyproject.toml"):
        (tmp_path / name).symlink_to(ROOT / name)
    source = tmp_path / "sluice" / guard.file
    text = source.read_text()
    assert text.count(guard.line) == 1, f"the guard has changed: {guard.line}"
    source.write_text(text.replace(guard.line, guard.without))
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"tests/unit/{guard.test}"],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": ""},
    )  # fmt: skip
    assert ran.returncode == FAILED, ran.stdout[-3_000:]
