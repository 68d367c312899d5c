"""How members, photos and comments are shown: hydrate, apply the rules, present. Shared by reads and by commands' answers."""
