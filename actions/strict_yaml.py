"""YAML as people read it: a name may stand in one place once, and nothing is said by reference.

With plain YAML the last of two equal names wins: an approver who reads the first would agree to the second.
"""

from __future__ import annotations

from typing import Any

import yaml


class _Strict(yaml.SafeLoader):
    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("references (*name) are not used here")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        names: set[str] = set()
        for name, _value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                continue
            if name.value in names:
                raise yaml.MarkedYAMLError(None, None, f"{name.value!r} stands there twice", name.start_mark)
            names.add(name.value)
        return super().construct_mapping(node, deep=deep)


def read_yaml(document: str) -> Any:
    """The value of a YAML text. Raises ValueError with what is wrong, where."""
    try:
        return yaml.load(document, Loader=_Strict)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except (TypeError, AttributeError) as error:
        raise ValueError(f"it holds a value that cannot be read ({error})") from error
