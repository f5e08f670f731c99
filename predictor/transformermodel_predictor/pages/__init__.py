"""Pages for people: explanations to look at, and a playground. Pure; what they show comes in, HTML comes out."""
