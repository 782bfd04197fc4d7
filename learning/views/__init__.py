"""The screens of learning; today 「わたしの学び」 alone."""
