"""What `--yes` does not say yes to: a file of another account, names that are new or exchanged, too many changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from attrs import frozen

from itnio_async.bulk import Identity, Plan, Verdict
from itnio_async.cli.exits import CommandError
from itnio_async.cli.trunks.job_options import run_option
from itnio_async.text import counted

AllowSwapNamesOption = Annotated[
    bool,
    run_option(
        "--allow-swap-names",
        help="Let trunks exchange their names in one job: one of them gets a temporary name first. Nothing else is "
        "exchanged so.",
    ),
]
# Fewer rows than these may all be renamed: that is likely to be what they are for.
_FEWEST = 5


@frozen
class AmountOptions:
    """The option that says how many trunks may be updated at most."""

    max_changes: Annotated[
        int | None, run_option(metavar="N", min=0, help="Send nothing if more than N trunks would be updated.")
    ] = None

    def require_few(self, plan: Plan) -> None:
        """Raise `CommandError` where more trunks would be updated than are allowed."""
        count = plan.counts[Verdict.UPDATE]
        if self.max_changes is not None and count > self.max_changes:
            raise CommandError(
                f"{counted(count, 'trunk')} would be updated, and --max-changes allows {self.max_changes}.",
                "look at `itnio trunks plan`, and give a larger number if that is meant.",
            )


@frozen
class ConsentOptions(AmountOptions):
    """The options without which a file that does not seem to be meant for the account is not applied."""

    other_account: Annotated[
        bool,
        run_option(
            "--other-account", help="Apply a file that was exported from another account, as its column #account says."
        ),
    ] = False
    renames: Annotated[
        bool,
        run_option(
            "--renames",
            help="Give new names to more than half of the trunks. Without it, a file that does so, and does not say of "
            "which account it is, is taken for another account's.",
        ),
    ] = False
    allow_swap_names: AllowSwapNamesOption = False

    def require_account(self, accounts: Iterable[str], identity: Identity, *, same_account: bool) -> None:
        """Raise `CommandError` where a file is of another account; `accounts` is what it says of that."""
        for mark in accounts:
            if mark == identity.mark or self.other_account:
                continue
            host = mark.rpartition("/")[0]
            if host == identity.host and same_account:
                continue
            if host == identity.host:
                raise CommandError(
                    f"the file was exported with another API key ({mark}), and this is {identity} ({identity.mark}).",
                    "if that key has been replaced by this one of the same account, give --same-account; if it is "
                    "another account's file and meant for this one, give --other-account.",
                )
            raise CommandError(
                f"the file was exported from another account ({mark}), and this is {identity} ({identity.mark}).",
                "use that account, or give --other-account if the file is meant for this one.",
            )

    def require_names(self, plan: Plan, *, is_of_account: bool) -> None:
        """Raise `CommandError` where over half of the rows give new names, and nothing says that this is meant."""
        if self.renames or is_of_account or len(plan) < _FEWEST:
            return
        count = sum(any(change.name == "sip_trunk_name" for change in item.changes) for item in plan)
        if 2 * count > len(plan):
            raise CommandError(
                f"{count} of the {counted(len(plan), 'row')} give their trunks other names: the file may be of another "
                "account.",
                "look at `itnio trunks plan`, and give --renames if these names are meant.",
            )
