"""Every word that a person sees in a chat: one template per view, catalogues in locale/, prompts in prompts/."""
