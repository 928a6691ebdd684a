"""The ledger of hostile inputs: what servers of this kind got wrong, and the tests that show that this one does not.

One line a row. `slot` is where the input comes in. `by` names the tests that carry the row, as file::function; each of
them has the row's number in its name or in its id (`row07`, `row-7`, `row_7`), which test_rows.py looks up among the
tests that pytest collects. A row that cannot apply has a reason instead.

The list was drawn up from published advisories about MCP servers that run kubectl: arguments that became shell words or
flags (CVE-2025-53355, CVE-2025-66404, CVE-2026-39884, CVE-2026-47250, CVE-2026-61459), a read-only mode that hid tools
and still ran them (CVE-2026-46519, CVE-2025-59376), Secrets that were masked by a kind's spelling
(GHSA-w23h-64x4-22h9), terminal escapes (CVE-2021-25743); and from what kubectl and MCP clients do.
"""

from typing import Final, NamedTuple

__all__ = ["MUST_ACCEPT", "ROWS", "Row"]


class Row(NamedTuple):
    """One hostile input."""

    slot: str
    what: str
    by: tuple[str, ...] = ()
    cannot_apply: str = ""


_NAME: Final = ("test_hostile_names.py::test_no_name_is", "test_command.py::test_no_sort_of_name_takes")
_ASKED: Final = (*_NAME, "test_hostile_reconcile.py::test_a_name_that_means_something_to_annotate_is_refused")
_ARGUMENT: Final = "test_hostile_arguments.py::test_a_bad_argument_is_refused"
_UNKNOWN: Final = "test_hostile_arguments.py::test_an_unknown_argument_is_refused"
_CONTEXT: Final = "test_hostile.py::test_an_unknown_context_is_named_beside_the_known_ones"
_TEXT: Final = (
    "test_hostile.py::test_text_of_the_cluster_is_data",
    "test_hostile_cluster.py::test_text_of_the_cluster_is_data",
)
_BOUND: Final = "test_hostile_cluster.py::test_an_answer_stays_within_its_bounds"
_PLANTED: Final = ("test_planted_secrets.py::test_no_secret_of_this_place_comes_out",)
_FAULT: Final = "test_faults.py::test_a_fault_is_an_error_that_says_what_it_is_and_the_next_call_works"
_IDENTITY: Final = "test_hostile.py::test_a_server_with_a_bad_identity_does_not_start"

ROWS: Final[dict[int, Row]] = {
    1: Row("name", "--server=…: another API server gets the token", (*_ASKED, _ARGUMENT)),
    2: Row("name", "-sURL, the short spelling", _NAME),
    3: Row("name", "-A -s in a cluster of short flags", _NAME),
    4: Row("name", "a flag written with underscores", _NAME),
    5: Row("name", "--kubeconfig=…: a login plugin of the attacker's runs", (*_NAME, _ARGUMENT)),
    6: Row("name", "--context, --cluster: another cluster", _NAME),
    7: Row("name", "--token, --user, --as, --as-group: another identity", _NAME),
    8: Row("name", "-A, --all-namespaces: a wider scope", (*_NAME, _ARGUMENT)),
    9: Row(
        "name",
        "--all: everything is annotated",
        (
            *_ASKED,
            "test_hostile_reconcile.py::test_a_name_in_the_cluster_that_means_something_to_annotate_is_not_asked",
        ),
    ),
    10: Row("name", "-l, --selector: whatever matches is annotated", _ASKED),
    11: Row("name", "--watch: kubectl never ends", _NAME),
    12: Row("name", "-o …-file, --template: local files are read", _NAME),
    13: Row("name", "--raw: any path of the API", (*_NAME, _ARGUMENT)),
    14: Row("name", "-f, -k: files, addresses, the input are read", _NAME),
    15: Row("name", "-v=9: tokens and bodies on stderr", _NAME),
    16: Row("name", "--profile-output, --cache-dir: files are written", _NAME),
    17: Row("name", "kind/name, .., %2e: another kind or path", (*_ASKED, _ARGUMENT)),
    18: Row("name", "nothing or white space: a list for one object", (*_NAME, _ARGUMENT)),
    19: Row("name", "words of a shell", (*_ASKED, _ARGUMENT)),
    20: Row("name", "line breaks, NUL", (*_ASKED, _ARGUMENT)),
    21: Row("name", "characters that are not seen, or look like others", (*_NAME, _ARGUMENT)),
    22: Row("name", "254 characters, ten megabytes", (*_NAME, _ARGUMENT)),
    23: Row("name", "key=value, key-: read as an annotation", _ASKED),
    24: Row(
        "name",
        "no text at all",
        (
            "test_hostile_names.py::test_row_24_what_is_no_text_is_no_name",
            "test_hostile_arguments.py::test_row24_values_of_another_type_are_refused",
            _ARGUMENT,
        ),
    ),
    25: Row(
        "namespace",
        "flags, paths, nothing, `all`, `*`",
        ("test_hostile_names.py::test_row_25_no_namespace_is", _ARGUMENT),
    ),
    26: Row(
        "namespace",
        "one namespace and all of them",
        (_UNKNOWN, "test_command.py::test_row_26_one_namespace_or_all_of_them"),
    ),
    27: Row("context", "nothing: silently the current one", (_ARGUMENT, _IDENTITY)),
    28: Row(
        "context",
        "one that is not there, or goes away",
        (
            _ARGUMENT,
            _CONTEXT,
            "test_hostile.py::test_row28_only_some_contexts_are_named",
            "test_faults_load.py::test_row28_a_context_that_goes_away_is_an_error_and_never_another_one",
        ),
    ),
    29: Row("context", "one that looks like a flag", (_CONTEXT,)),
    30: Row("context", "one that looks like a path", (_CONTEXT,)),
    31: Row(
        "identity",
        "nothing: kubectl drops the impersonation",
        (_IDENTITY, "test_hostile.py::test_row31_an_empty_variable_is_not_no_identity"),
    ),
    32: Row("identity", "a line break: a header of the attacker's", (_IDENTITY,)),
    33: Row(
        "identity",
        "another one than at the start",
        (_UNKNOWN, "test_hostile.py::test_row33_the_identity_of_the_start_is_that_of_every_call"),
    ),
    34: Row("identity", "a group without a user", (_UNKNOWN, _IDENTITY)),
    35: Row(
        "kind",
        "Secrets, in every spelling",
        (
            _ARGUMENT,
            "test_hostile_names.py::test_row_35_no_kind_is",
            "test_command.py::test_no_command_names_secrets",
            "test_discovery.py::test_row_35_secret_is_refused_in_every_spelling",
            "test_discovery.py::test_row_35_no_other_way_leads_to_a_kind_of_that_name",
            "test_get_kubernetes_resources.py::test_row35_secrets_in_every_spelling_are_refused",
            "test_hostile_reconcile.py::test_row35_no_other_kind_is_asked",
        ),
    ),
    36: Row(
        "kind",
        "a kind of that name in another group",
        (
            _ARGUMENT,
            "test_status.py::test_row_36_what_is_no_flux_object",
            "test_hostile_cluster.py::test_row36_an_object_of_another_kind_is_never_asked",
            "test_hostile_reconcile.py::test_row36_a_source_of_another_kind_is_not_asked",
        ),
    ),
    37: Row(
        "selector", "flags, broken and long ones", (_ARGUMENT, "test_hostile.py::test_row37_a_selector_is_one_argument")
    ),
    38: Row("limit, tail, wait_seconds", "out of range, no whole number, thousands of digits", (_ARGUMENT,)),
    39: Row("since", "words of a shell, out of range", (_ARGUMENT,)),
    40: Row(
        "arguments",
        "an unknown one that is ignored: another cluster or scope",
        (
            _UNKNOWN,
            "test_hostile_arguments.py::test_row40_a_context_is_refused_where_a_tool_takes_none",
            "test_hostile_arguments.py::test_row40_a_context_is_refused_where_the_server_is_pinned_to_one",
        ),
    ),
    41: Row(
        "tools/call",
        "a tool that is not listed",
        ("test_hostile.py::test_row41_a_tool_that_is_not_listed_cannot_be_called",),
    ),
    42: Row(
        "cluster",
        "texts that give orders to a model",
        (
            *_TEXT,
            "test_hostile_cluster.py::test_row42_texts_do_come_out_where_they_are_looked_for",
            "test_hostile_cluster.py::test_row42_no_text_of_a_cluster_is_in_what_a_tool_says_of_itself",
        ),
    ),
    43: Row(
        "cluster",
        "texts that leave their frame: JSON, fences, Markdown, HTML, lines of ours",
        (
            *_TEXT,
            "test_text.py::test_row_43_nothing_becomes_an_image_a_link_or_html",
            "test_text.py::test_row_43_a_line_of_a_log_begins_nothing",
        ),
    ),
    44: Row(
        "cluster",
        "escapes of a terminal, text that is not seen",
        (*_TEXT, "test_text.py::test_row_44_every_unseen_character_is_taken_out"),
    ),
    45: Row(
        "cluster",
        "lone surrogates, bytes that are not UTF-8, NUL",
        (*_TEXT, "test_hostile.py::test_bad_bytes_do_not_hide_an_object"),
    ),
    46: Row(
        "cluster",
        "megabytes, thousands of objects",
        (
            _BOUND,
            "test_hostile.py::test_row46_an_answer_is_bounded_and_a_cut_is_said",
            "test_faults_load.py::test_row46_two_gigabytes_are_refused_without_being_held",
            _FAULT,
        ),
    ),
    47: Row("cluster", "credentials in messages and addresses", _PLANTED),
    48: Row("cluster", "credentials in values, substitutions, addresses of Providers", _PLANTED),
    49: Row("cluster", "credentials in annotations", _PLANTED),
    50: Row(
        "cluster",
        "parts that are missing, null or of another type",
        (
            "test_hostile.py::test_an_odd_part_of_an_object_hides_nothing",
            "test_hostile.py::test_row50_odd_parts_break_no_tool",
            "test_hostile.py::test_another_document_is_not_an_empty_list",
        ),
    ),
    51: Row(
        "cluster",
        "statuses that look healthy and are not",
        (
            "test_hostile.py::test_an_object_has_this_verdict",
            "test_hostile.py::test_an_odd_time_is_an_age_all_the_same",
        ),
    ),
    52: Row(
        "cluster",
        "loops, long chains, one name in many namespaces",
        (_BOUND, "test_status.py::test_row_52_a_long_chain_of_sources"),
    ),
    53: Row(
        "cluster",
        "ids of an inventory that part in two ways",
        (_BOUND, "test_hostile_cluster.py::test_row53_an_id_is_read_from_its_end"),
    ),
    54: Row(
        "kubectl",
        "a failure beside an empty list: all is well",
        (
            "test_hostile_cluster.py::test_a_cluster_that_cannot_be_read_is_an_error",
            "test_hostile.py::test_a_failed_list_is_not_an_empty_list",
            _FAULT,
        ),
    ),
    55: Row(
        "kubectl",
        "a failure beside half a list",
        (
            "test_hostile_cluster.py::test_row55_what_could_not_be_read_is_said",
            "test_faults.py::test_row55_a_partial_list_is_kept_and_the_gap_is_named",
        ),
    ),
    56: Row(
        "kubectl",
        "nothing, or something that is not JSON",
        (_FAULT, "test_hostile.py::test_what_is_not_json_is_an_error"),
    ),
    57: Row("kubectl", "noise on stderr", ("test_faults.py::test_row57_noise_on_stderr_is_not_a_failure",)),
    58: Row(
        "kubectl",
        "not there, not executable, killed, taken away",
        (_FAULT, "test_faults_load.py::test_row58_a_kubectl_that_is_gone_meanwhile"),
    ),
    59: Row(
        "kubectl",
        "hangs, is slow, forks, keeps its pipes open",
        (
            _FAULT,
            "test_faults_load.py::test_one_that_does_not_end_is_ended_at_the_time_out",
            "test_faults_load.py::test_row59_a_login_plugin_that_leaves_the_group_does_not_hold_the_answer",
            "test_faults.py::test_row59_descriptors_and_threads_do_not_grow",
            "test_live_faults.py::test_row59_an_api_server_that_is_frozen",
        ),
    ),
    60: Row(
        "kubectl",
        "reads the input",
        ("test_faults.py::test_row60_a_kubectl_that_reads_its_input_does_not_take_the_next_message",),
    ),
    61: Row(
        "kubectl",
        "credentials on stderr",
        (
            "test_hostile.py::test_row61_what_kubectl_says_leaks_no_credential",
            "test_hostile.py::test_row61_a_gap_and_bad_output_leak_no_credential",
        ),
    ),
    62: Row(
        "environment",
        "a kuberc that changes defaults",
        (
            "test_command.py::test_the_command_lines",
            "test_hostile.py::test_row62_every_flag_that_a_kuberc_could_change_is_explicit",
        ),
    ),
    63: Row(
        "environment",
        "what login plugins need is taken away",
        ("test_hostile.py::test_row63_the_environment_reaches_kubectl_unchanged",),
    ),
    64: Row(
        "MCP",
        "the client cancels or is gone",
        (
            "test_faults.py::test_row64_no_process_is_left_after_a_cancellation",
            "test_faults.py::test_row64_no_process_is_left_when_the_server_ends",
            "test_faults_load.py::test_row64_a_client_that_dies_with_a_hundred_calls_under_way_leaves_nothing",
        ),
    ),
    65: Row(
        "MCP",
        "many calls at once, to two contexts",
        (
            "test_hostile.py::test_row65_parallel_calls_do_not_mix_and_at_most_eight_kubectl_run_at_once",
            "test_faults_load.py::test_row65_a_hundred_calls_at_once_are_all_answered",
            "test_faults_load.py::test_row65_a_hundred_calls_that_hang_end_together",
        ),
    ),
    66: Row(
        "reconcile",
        "annotated, and nothing happens",
        (
            "test_hostile_reconcile.py::test_what_would_not_run_is_refused",
            "test_hostile_reconcile.py::test_row66_an_object_that_is_gone",
            "test_hostile_reconcile.py::test_row66_a_patch_that_is_forbidden",
            "test_hostile_reconcile.py::test_row66_a_conflict_is_tried_again_and_then_an_error",
            "test_hostile_reconcile.py::test_row66_two_calls_within_a_second_are_two_requests",
            "test_hostile_reconcile.py::test_row66_another_clock_does_not_make_it_succeed",
            "test_hostile_reconcile.py::test_row66_no_kuberc_makes_it_a_dry_run_or_widens_it",
        ),
    ),
}

MUST_ACCEPT: Final = {
    "contexts": "test_hostile.py::test_a_context_of_the_kubeconfig_is_accepted",
    "identities": "test_hostile.py::test_row33_the_identity_of_the_start_is_that_of_every_call",
    "names": "test_hostile_names.py::test_a_name_is_accepted",
    "namespaces": "test_hostile.py::test_a_namespace_is_accepted",
}
"""What is odd and right: a server that refuses it is of no use to somebody."""
