"""The price of cheating: what the simulator's attacks cost whoever tries them on the policies in force."""
