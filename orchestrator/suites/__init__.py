"""Robot Framework, which owns the main thread of its process; the robot's desks live in a loop thread beside it."""
