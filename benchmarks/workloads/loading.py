"""From a dotted name and parameters to the object that it makes. Free of TensorFlow itself.

What is imported may be anybody's code: whatever goes wrong in it is said in one line.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from results.errors import UserError, described, nearest


def load_workload(target: str, parameters: Mapping[str, Any]) -> Any:
    """The workload that the callable `target` returns for `parameters`.

    A dict becomes an object with its keys as attributes. Raises `UserError` where the name can't be
    imported, the callable doesn't take a parameter, or it raises.
    """
    workload = _attributes(load_component("workload", target, parameters))
    if isinstance(getattr(workload, "quality", None), Mapping):
        workload = SimpleNamespace(**{**vars(workload), "quality": _attributes(workload.quality)})
    return workload


def load_component(key: str, target: str, parameters: Mapping[str, Any]) -> Any:
    """What the callable of the dotted name `target` returns; `key` is named in errors."""
    function = find_callable(f"{key}._target_", target)
    _judge_parameters(key, target, function, parameters)
    return guarded(f"{key}._target_={target}", function, **parameters)


def find_callable(key: str, target: str) -> Callable[..., Any]:
    """The callable that `key=target` names, as `package.module.name`."""
    module_name, _, name = target.rpartition(".")
    if not module_name:
        raise UserError(f"{key}={target}: give package.module.name of something to call")
    found = guarded(f"{key}={target}", _module, key, target, module_name)
    if not hasattr(found, name):
        near = nearest(name, vars(found))
        hint = f"; did you mean {module_name}.{near}?" if near else ""
        raise UserError(f"{key}={target}: {module_name} has no {name}{hint}")
    function = getattr(found, name)
    if not callable(function):
        raise UserError(f"{key}={target}: is {type(function).__name__}, which can't be called")
    return function


def guarded(what: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """The function's result; anything it raises becomes one line that begins with `what`."""
    try:
        return function(*arguments, **named)
    except UserError as error:
        raise UserError(described(error)[1]) from error
    except (Exception, SystemExit) as error:  # An edge: the function is somebody else's code.
        raise UserError(f"{what}: raised {one_line(error)}") from error


def one_line(error: BaseException, longest: int = 300) -> str:
    """Type and message of an error without line breaks."""
    name, message = described(error, longest)
    return f"{name}: {message}" if message else name


def _module(key: str, target: str, name: str) -> Any:
    """The module `name`, or the class in a module where that is what the name says."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name == error.name or name.startswith(error.name + ".")):
            raise
        outer, _, inner = name.rpartition(".")
        if outer and error.name == name:
            module = _module(key, target, outer)
            if hasattr(module, inner):
                return getattr(module, inner)
        raise UserError(
            f"{key}={target}: there is no module {error.name}; it must lie in the current folder "
            "or be installed"
        ) from error


def _judge_parameters(key: str, target: str, function: Callable, parameters: Mapping) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return  # Some builtins have none: calling them will tell.
    if any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values()):
        return
    for name in parameters:
        if name not in signature.parameters:
            near = nearest(name, signature.parameters)
            takes = ", ".join(signature.parameters) or "none"
            hint = f"did you mean {near}?" if near else f"it takes {takes}"
            given = f"{key}.parameters.{name}={parameters[name]}"
            raise UserError(f"{given}: {target} has no such parameter; {hint}")
    for name, parameter in signature.parameters.items():
        needed = parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        )
        if needed and name not in parameters:
            raise UserError(f"{key}.parameters.{name}: {target} needs it")


def _attributes(thing: Any) -> Any:
    return SimpleNamespace(**thing) if isinstance(thing, Mapping) else thing
