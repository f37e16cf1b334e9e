"""``python -m api``: the program ``category-crawler``."""

from api.program import main

if __name__ == "__main__":
    main()
