"""What the operator configured, in SQL, and how it reaches the line."""

from coordinator.directory.directory import Directory
from coordinator.directory.importing import Difference, Imported, Wanted, WantedAgent
from coordinator.directory.tokens import Tokens
from coordinator.directory.types import Agent, Box, Member, Queue, Role, Rule, Saved, Token

__all__ = [
    "Agent", "Box", "Difference", "Directory", "Imported", "Member", "Queue", "Role", "Rule",
    "Saved", "Token", "Tokens", "Wanted", "WantedAgent",
]  # fmt: skip
