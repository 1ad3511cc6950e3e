"""Laws against each other on the same runs: who enters, what is held out, who predicts it better and how surely."""
