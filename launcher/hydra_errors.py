"""Hydra's and OmegaConf's own complaints as one line that names key, value and what is right."""

import re
from collections.abc import Sequence

from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from launcher import groups, schema
from results.errors import UserError, nearest

HYDRA_ERRORS = (HydraException, OmegaConfBaseException, ValueError)
"""ValueError is what Hydra raises for `source=null`; `as_user_error` gives others back."""

_RIGHT = {"Integer": "an integer", "Float": "a number", "bool": "true or false"}


def as_user_error(error: BaseException, words: Sequence[str]) -> UserError | None:
    """What a person did wrong on the command line `words`; None where it's no fault of theirs."""
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, UserError):
            return cause
    if isinstance(error, OverrideParseException):
        return UserError(_not_key_value(error.override))
    text = "\n".join(str(cause) for cause in causes)
    for pattern, said in _SAID:
        found = re.search(pattern, text, re.DOTALL)
        if found:
            return UserError(said(found, words))
    if not isinstance(error, (HydraException, OmegaConfBaseException)):
        return None
    given = next((f"{word}: " for word in words if "${" in word), "")
    return UserError(given + " ".join(str(causes[-1]).split()))


def unknown_flag(words: Sequence[str]) -> UserError | None:
    """A complaint about the first word that looks like a flag and is none of Hydra's."""
    from hydra._internal.utils import get_args_parser

    known = [name for action in get_args_parser()._actions for name in action.option_strings]
    for word in words:
        flag = word.partition("=")[0]
        if flag.startswith("-") and flag not in known:
            near = nearest(flag, known)
            return UserError(
                f"{flag}: no such flag; did you mean {near}?"
                if near
                else f"{flag}: no such flag; keys are given as key=value, see --help"
            )
    return None


def _causes(error: BaseException) -> list[BaseException]:
    causes = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    return causes


def _unknown_key(found: re.Match[str], words: Sequence[str]) -> str:
    key = found["key"]
    given = next((word for word in words if word.lstrip("+~").startswith(f"{key}=")), key)
    own = schema.known_keys(schema.EngineSettings, "engine.")
    known = [*groups.GROUPS, *schema.known_keys(), *own]
    last = key.rpartition(".")[2]
    near = last if last in known else nearest(key, known)
    if near is not None:
        return f"{given}: no such key; did you mean {near}?"
    if re.match(r"(workload|source|engine)\.parameters\.", key):
        return f"{given}: no such parameter in the chosen file; give +{given} to add it"
    return f"{given}: no such key; --help lists them"


def _unknown_member(found: re.Match[str], words: Sequence[str]) -> str:
    group, member = found["group"], found["member"]
    options = found["options"].split()
    near = nearest(member, options)
    hint = f"did you mean {near}? There" if near else "there"
    own = "; your own is workload._target_=package.function" if group == "workload" else ""
    return f"{group}={member}: no such {group}; {hint} are {', '.join(options)}{own}"


def _wrong_type(found: re.Match[str], words: Sequence[str]) -> str:
    right = _RIGHT.get(found["kind"], found["kind"])
    return f"{found['override']}: {right} is needed"


def _group_without_name(found: re.Match[str], words: Sequence[str]) -> str:
    for word in words:
        group, _, value = word.partition("=")
        if group in groups.GROUPS and value not in groups.members(group):
            names = ", ".join(groups.members(group))
            return f"{word}: give the name of one of {names}, or leave it out"
    return f"{' '.join(words)}: a group is chosen by the name of a member"


def _sweep_without_m(found: re.Match[str], words: Sequence[str]) -> str:
    return f"{found['override']}: several values are a sweep; add -m"


def _not_a_list(found: re.Match[str], words: Sequence[str]) -> str:
    key = found["key"]
    given = next((word for word in words if word.startswith(f"{key}=")), f"{key}=")
    return f"{given}: a list is needed; give {key}=[…,…]"


def _twice(found: re.Match[str], words: Sequence[str]) -> str:
    given = [word for word in words if word.startswith(f"{found['key']}=")]
    return f"{' '.join(given) or found['key']}: given more than once; give it once"


def _already_there(found: re.Match[str], words: Sequence[str]) -> str:
    return f"+{found['key']}: there is such a key already; give it without +"


def _not_key_value(override: str) -> str:
    key, equals, _ = override.partition("=")
    near = nearest(key, [*groups.GROUPS, *schema.known_keys()])
    if equals:
        hint = "quote a value that holds one of , = { } [ ]"
    else:
        hint = f"did you mean {near}=…?" if near else "--help lists the keys"
    return f"{override}: can't be read as key=value; {hint}"


def _not_a_value(found: re.Match[str], words: Sequence[str]) -> str:
    """A value given to what is made of keys, or none to what needs one."""
    key = found["key"]
    given = next((word for word in words if word.startswith(f"{key}=")), f"{key}=")
    below = [name for name in schema.known_keys() if name.startswith(f"{key}.")]
    if below:
        return f"{given}: it is made of keys; give {'=… or '.join(below)}=…"
    return f"{given}: it can't be null; give a value"


def _no_such_config(found: re.Match[str], words: Sequence[str]) -> str:
    return f"--config-name {found['name']}: no such configuration; leave it out"


def _no_such_folder(found: re.Match[str], words: Sequence[str]) -> str:
    return f"--config-dir {found['folder']}: no such folder; give one with groups of your own"


def _not_resolved(found: re.Match[str], words: Sequence[str]) -> str:
    """What a resolver of ours complains of."""
    key = found["key"]
    for word in words:
        if "${" in word and key.startswith(word.lstrip("+~").partition("=")[0]):
            return f"{word}: {found['said']}"
    return f"{key}: {found['said']}"


_SAID = (
    (
        r"UserError raised while resolving interpolation: (?P<said>[^\n]*)"
        r".*full_key: (?P<key>\S+)",
        _not_resolved,
    ),
    (r"Could not override '(?P<key>[^']+)'", _unknown_key),
    (r"Could not delete from config\. '(?P<key>[^']+)' does not exist", _unknown_key),
    (
        r"Could not find '(?P<group>[^'/]+)/(?P<member>[^']*)'.*Available options in '[^']*':"
        r"(?P<options>.*?)(?:Config search path|$)",
        _unknown_member,
    ),
    (
        r"Error merging override (?P<override>\S+).*"
        r"(?:could not be converted to|is not a valid) (?P<kind>\w+)",
        _wrong_type,
    ),
    (
        r"(?:Invalid type assigned|is not Optional|is not a subclass).*full_key: (?P<key>\S+)",
        _not_a_value,
    ),
    (r"is not a ListConfig.*full_key: (?P<key>\S+)", _not_a_list),
    (r"Config group override must be a string", _group_without_name),
    (r"Ambiguous value for argument '(?P<override>.*?)'\n", _sweep_without_m),
    (r"Multiple values for (?P<key>\w+)", _twice),
    (r"An item is already at '(?P<key>[^']+)'", _already_there),
    (r"Cannot find primary config '(?P<name>[^']+)'", _no_such_config),
    (r"Additional config directory '(?P<folder>[^']+)' not found", _no_such_folder),
)
