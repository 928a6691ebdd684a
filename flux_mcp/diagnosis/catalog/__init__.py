"""The catalog of failures: what controllers, Helm and the kubelet report, what causes it and how to fix it.

The failures are data: one TOML file for each place where they arise (`lookup.PLACES`), read when a diagnosis first
needs them. To add a failure, add one table to one of these files; its samples are its tests, and `make docs` writes it
into docs/failures.md. Keys before the first table of a file are the defaults of its tables. A table is named by the
failure's id, which people search for and code refers to: it never changes. Its keys:

- `kinds`: the kinds that it holds for.
- `reasons`: of conditions or Events; empty where only code selects it, by its id.
- `pattern`: a regular expression that is searched for in the message, in any case; without one it answers for its
  reasons where no pattern matches. It must take linear time: bound every repetition.
- `priority`: 0 by default. Patterns are tried by descending priority, then in the order of `lookup.PLACES` and of the
  file, so the more specific stands first.
- `cause`, `fix`: one clause each. A fix is never a write of this server other than a reconcile request. In state.toml
  `{kind}` stands for the kind of the object and `{controller}` for its controller; in apply.toml `{recreate}` stands
  for how what applies an object recreates it.
- `look`: fields of the object's spec to look at, dotted.
- `upstream`: where the cause lies, a value of `failure.Upstream`; own by default.
- `same`: a regular expression whose groups identify the error, such as a host or a webhook: whoever reports the same
  error has the same cause.
- `silent`: neither condition nor health shows it; it is shown for objects that look well.
- `since`, `until`: the first and last Flux minor version that it applies to, where that is known.
- `source`: the documentation, or the controller's source.
- `samples`: messages; each must select this failure for each of its kinds and reasons.
- `not.ID`: messages that must select the failure ID for this failure's kinds and reasons.
"""
