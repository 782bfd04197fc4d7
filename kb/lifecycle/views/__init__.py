"""The pages of review and of a challenge's stages."""
