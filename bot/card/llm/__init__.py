"""The analyst that asks a language model: the model proposes, code checks.

analyst     the passes: read (in parts where the text is long), choose, criticise, rate; what is ready is shown meanwhile
shapes      what the model is to answer in each pass
prompts     what it is told, from templates with a version
parts       a long text in parts that fit the model, none of it left out
claims      what it said, as claims with places, and as a card
rules       remarks that fit every paper, and absences that are none
injections  words in a paper that are meant for machines

Nothing here reaches the network: whoever asks the model comes in as an argument.
"""
