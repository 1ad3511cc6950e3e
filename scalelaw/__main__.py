"""``python -m scalelaw`` is the shell."""

from scalelaw.cli import main

if __name__ == "__main__":
    main()
