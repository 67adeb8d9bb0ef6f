"""Who may log in to each practice application, and as what."""

from sandbox import deposits, transfers
from sandbox.followed import ROBOT as FOLLOWER
from sandbox.households import ROBOT
from sandbox.model import ROBOT_LOGIN
from sandbox.watched import ROBOT as WATCHER

#: The role of each login, by application.
ACCOUNTS = {
    "bdo": {
        ROBOT_LOGIN: "robot",
        deposits.ROBOT: "robot",
        ROBOT: "robot",
        FOLLOWER: "robot",
        WATCHER: "robot",
        "A1001": "agent",
        "A1002": "agent",
    },
    "arpege": {ROBOT_LOGIN: "robot", FOLLOWER: "robot", WATCHER: "robot", "A1001": "agent", "A1002": "agent"},
    "compta": {
        ROBOT_LOGIN: "robot",
        FOLLOWER: "robot",
        WATCHER: "robot",
        "A1001": "agent",
        "A1002": "agent",
        "ordonnateur": "ordonnateur",
        "dcf": "dcf",
    },
    "progres": {ROBOT_LOGIN: "robot", transfers.ROBOT: "robot", "A1001": "agent", "A1002": "agent"},
    "c2s": {ROBOT: "robot", "A1001": "agent", "A1002": "agent"},
    "ged": {
        ROBOT_LOGIN: "robot",
        ROBOT: "robot",
        FOLLOWER: "robot",
        deposits.ROBOT: "robot",
        "A1001": "agent",
        "A1002": "agent",
    },
    "rniam": {ROBOT_LOGIN: "robot", "A1001": "agent", "A1002": "agent"},
}
