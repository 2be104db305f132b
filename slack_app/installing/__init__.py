"""How Loket gets into a workspace and stays there: OAuth, kept tokens and their rotation, and leaving again."""
